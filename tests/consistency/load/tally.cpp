#include "tests/consistency/load/tally.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace limpet::load {

void tally::add(const reply& r, std::uint64_t begin_ns, std::uint64_t end_ns) {
  ++count_[static_cast<std::size_t>(r.how)];
  unheard_of_ += r.is_unheard_of;
  if (r.how != outcome::ok) return;
  const auto before = std::exchange(last_ok_ns_, end_ns);
  if (before != 0) gap_ns_ = std::max(gap_ns_, end_ns - before);
  latencies_us_.push_back(static_cast<std::uint32_t>((end_ns - begin_ns) / 1000));
  is_sorted_ = false;
}

const std::vector<std::uint32_t>& tally::sorted() {
  if (!std::exchange(is_sorted_, true)) std::sort(latencies_us_.begin(), latencies_us_.end());
  return latencies_us_;
}

std::string tally::json(double seconds) {
  const auto& all = sorted();
  const auto at = [&](double share) {
    if (all.empty()) return 0U;
    return all[std::min(all.size() - 1, static_cast<std::size_t>(share * static_cast<double>(all.size())))];
  };
  std::array<char, 512> line;
  std::snprintf(line.data(), line.size(),
                "{\"operations\": %llu, \"ok\": %llu, \"no\": %llu, \"unknown\": %llu, \"unheard_of\": %llu, "
                "\"seconds\": %.2f, \"per_second\": %.0f, \"p50_us\": %u, \"p99_us\": %u, \"p999_us\": %u, "
                "\"max_us\": %u, \"longest_gap_ms\": %.1f}",
                static_cast<unsigned long long>(operations()), static_cast<unsigned long long>(count_[0]),
                static_cast<unsigned long long>(count_[1]), static_cast<unsigned long long>(count_[2]),
                static_cast<unsigned long long>(unheard_of_), seconds,
                static_cast<double>(operations()) / seconds, at(0.5), at(0.99), at(0.999), at(1.0),
                static_cast<double>(gap_ns_) / 1e6);
  return line.data();
}

void tally::write_latencies(const std::string& path) {
  std::ofstream file(path);
  for (const auto latency : sorted())
    file << latency << '\n';
  if (!file) throw std::runtime_error("cannot write " + path);
}

} // namespace limpet::load
