#pragma once

#include "tests/consistency/load/outcome.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace limpet::load {

/// What became of all operations, counted.
class tally {
public:
  void add(const reply& r, std::uint64_t begin_ns, std::uint64_t end_ns);

  std::uint64_t operations() const noexcept { return count_[0] + count_[1] + count_[2]; }
  /// A line of JSON. Latencies are those of operations that are ok, in microseconds.
  std::string json(double seconds);
  /// A latency a line, in microseconds, the shortest first. Throws std::runtime_error.
  void write_latencies(const std::string& path);

private:
  const std::vector<std::uint32_t>& sorted();

  std::array<std::uint64_t, 3> count_{};
  std::uint64_t unheard_of_ = 0;
  std::uint64_t last_ok_ns_ = 0;
  std::uint64_t gap_ns_ = 0; ///< the longest time without any that is ok
  std::vector<std::uint32_t> latencies_us_;
  bool is_sorted_ = false;
};

} // namespace limpet::load
