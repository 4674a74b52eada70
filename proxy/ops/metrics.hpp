#pragma once

#include "proxy/ops/backend.hpp"
#include "proxy/ops/process_usage.hpp"

#include <prometheus/collectable.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace limpet::ops {

/// Everything that one scrape tells of, gathered on the control thread.
struct metrics_input {
  net::counter_shard counters; ///< the sum of all workers'
  const http::label_names& labels;
  process_facts facts;
  std::vector<pool_facts> pools;
  std::shared_ptr<const http::snapshot> snapshot; ///< none before the first
  process_usage usage;
  std::chrono::steady_clock::time_point now;
};

/// Turns numbers into named series. Counters show from the beginning, as 0, where their labels are known:
/// rate() needs two samples to see an increase, and an alert on a series that is not there stays silent.
class metrics final : public prometheus::Collectable {
public:
  explicit metrics(metrics_input input) : in_(std::move(input)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

private:
  metrics_input in_;
};

inline constexpr const char* exposition_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// In Prometheus' text format (version 0.0.4).
std::string exposition_text(const prometheus::Collectable& from);

} // namespace limpet::ops
