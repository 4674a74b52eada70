#include "proxy/ops/metrics.hpp"

#include "proxy/ops/metrics_parts.hpp"

#include <prometheus/text_serializer.h>

#include <sstream>

namespace limpet::ops {

std::vector<prometheus::MetricFamily> metrics::Collect() const {
  sample_set set;
  add_worker_counters(set, in_);
  add_control_facts(set, in_);
  return set.families();
}

std::string exposition_text(const prometheus::Collectable& from) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, from.Collect());
  return out.str();
}

} // namespace limpet::ops
