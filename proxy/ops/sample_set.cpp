#include "proxy/ops/sample_set.hpp"

#include "proxy/ops/json_text.hpp"

#include <limits>

namespace limpet::ops {

namespace {

const series_row& row_of(series s) noexcept {
  return metrics_table()[static_cast<std::size_t>(s)];
}

std::vector<prometheus::ClientMetric::Bucket> empty_buckets(std::span<const double> bounds) {
  std::vector<prometheus::ClientMetric::Bucket> buckets;
  for (const double bound : bounds)
    buckets.push_back({0, bound});
  buckets.push_back({0, std::numeric_limits<double>::infinity()});
  return buckets;
}

} // namespace

prometheus::ClientMetric& sample_set::sample_of(series s, label_values labels) {
  std::vector<std::string> values;
  for (const auto value : labels)
    values.push_back(to_utf8(value));
  const auto [at, is_new] = all_[static_cast<std::size_t>(s)].try_emplace(std::move(values));
  if (is_new)
    for (std::size_t i = 0; i < at->first.size(); ++i)
      at->second.label.push_back({std::string(row_of(s).labels[i]), at->first[i]});
  return at->second;
}

void sample_set::add(series s, label_values labels, double value) {
  auto& sample = sample_of(s, labels);
  if (row_of(s).type == prometheus::MetricType::Counter)
    sample.counter.value += value;
  else
    sample.gauge.value += value;
}

void sample_set::add_histogram(series s, label_values labels, std::span<const std::uint64_t> counts,
                               std::span<const double> bounds, double sum) {
  auto& histogram = sample_of(s, labels).histogram;
  if (histogram.bucket.empty()) histogram.bucket = empty_buckets(bounds);
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    histogram.bucket[i].cumulative_count += cumulative;
  }
  histogram.sample_count += cumulative;
  histogram.sample_sum += sum;
}

std::vector<prometheus::MetricFamily> sample_set::families() const {
  std::vector<prometheus::MetricFamily> out;
  for (const auto& row : metrics_table()) {
    const auto& samples_of_row = all_[static_cast<std::size_t>(row.which)];
    if (samples_of_row.empty()) continue;
    auto& family = out.emplace_back();
    family.name = row.name;
    family.help = row.help;
    family.type = row.type;
    for (const auto& [labels, sample] : samples_of_row)
      family.metric.push_back(sample);
  }
  return out;
}

} // namespace limpet::ops
