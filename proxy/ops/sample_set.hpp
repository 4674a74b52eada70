#pragma once

#include "proxy/net/counters.hpp"
#include "proxy/ops/metrics_table.hpp"

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ops {

/// The samples of one scrape. What has the same series and labels is summed: several numbers of the workers
/// may stand for one name, as for a member that came again.
class sample_set {
public:
  /// Values of the series' labels, in the order of its row.
  using label_values = std::initializer_list<std::string_view>;

  /// To a counter or gauge. 0 makes it visible.
  void add(series s, label_values labels, double value);

  template <std::size_t Bounds>
  void add(series s, label_values labels, const net::histogram<Bounds>& counts,
           const std::array<double, Bounds>& bounds) {
    add_histogram(s, labels, counts.buckets, bounds, counts.sum);
  }

  /// All series that have a sample, in the table's order, each with its samples ordered by labels.
  std::vector<prometheus::MetricFamily> families() const;

private:
  /// `counts` has one more than `bounds`: what lies past the last.
  void add_histogram(series s, label_values labels, std::span<const std::uint64_t> counts,
                     std::span<const double> bounds, double sum);
  prometheus::ClientMetric& sample_of(series s, label_values labels);

  using samples = std::map<std::vector<std::string>, prometheus::ClientMetric>;
  std::array<samples, static_cast<std::size_t>(series::count_)> all_;
};

} // namespace limpet::ops
