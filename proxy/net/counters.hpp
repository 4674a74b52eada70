#pragma once

#include "proxy/net/series_table.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace limpet::net {

/// A histogram with upper bounds given elsewhere; the last bucket is +Inf.
template <std::size_t Bounds>
struct histogram {
  std::array<std::uint64_t, Bounds + 1> buckets{};
  double sum = 0;

  void observe(double value, const std::array<double, Bounds>& bounds) noexcept {
    std::size_t i = 0;
    while (i < Bounds && value > bounds[i])
      ++i;
    ++buckets[i];
    sum += value;
  }
  void add(const histogram& other) noexcept {
    for (std::size_t i = 0; i <= Bounds; ++i)
      buckets[i] += other.buckets[i];
    sum += other.sum;
  }
};

/// One worker's counters: plain numbers, written by the worker alone. To be read, the whole shard is copied
/// on its own thread and the copies are summed, so that no counter is ever shared. Series are keyed by a
/// metric and two numbers whose names the reader knows.
class counter_shard {
public:
  /// 16 bits of metric, 24 of the first label, 24 of the second.
  static constexpr std::uint64_t key(std::uint16_t metric, std::uint32_t a = 0,
                                     std::uint32_t b = 0) noexcept {
    return std::uint64_t{metric} << 48 | std::uint64_t{a & 0xff'ffff} << 24 | (b & 0xff'ffff);
  }
  static constexpr std::uint16_t metric_of(std::uint64_t k) noexcept {
    return static_cast<std::uint16_t>(k >> 48);
  }
  static constexpr std::uint32_t first_of(std::uint64_t k) noexcept { return (k >> 24) & 0xff'ffff; }
  static constexpr std::uint32_t second_of(std::uint64_t k) noexcept { return k & 0xff'ffff; }

  static constexpr std::array<double, 14> request_bounds{.0005, .001, .0025, .005, .01, .025, .05,
                                                         .1,    .25,  .5,    1,    2.5, 5,    10};
  static constexpr std::array<double, 10> tunnel_bounds{1,    10,       60,       300,       900,
                                                        3600, 4 * 3600, 8 * 3600, 12 * 3600, 24 * 3600};

  using request_histogram = histogram<request_bounds.size()>;
  using tunnel_histogram = histogram<tunnel_bounds.size()>;

  void add(std::uint16_t metric, std::uint32_t a = 0, std::uint32_t b = 0, std::uint64_t count = 1) {
    values[key(metric, a, b)] += count;
  }

  /// Adds another worker's copy to this one.
  void merge(const counter_shard& other) {
    for (const auto& [k, v] : other.values)
      values[k] += v;
    for (const auto& [k, v] : other.request_seconds)
      request_seconds[k].add(v);
    for (const auto& [k, v] : other.tunnel_seconds)
      tunnel_seconds[k].add(v);
  }

  series_table<std::uint64_t, std::uint64_t> values;
  series_table<std::uint64_t, request_histogram> request_seconds; ///< by route
  series_table<std::uint64_t, tunnel_histogram> tunnel_seconds;   ///< by route
};

} // namespace limpet::net
