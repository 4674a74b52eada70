#pragma once

#include "tests/consistency/history/history.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

namespace limpet::consistency {

/// What can be violated. README.md has each one's definition, and what is counted.
enum class violation : std::uint8_t {
  overlap,
  epoch,
  read_your_writes,
  monotonic_reads,
  monotonic_writes,
  writes_follow_reads,
  phantom,
  lost,
  fork,
};

inline constexpr std::array<std::string_view, 9> violation_names{"overlap",
                                                                 "epoch",
                                                                 "read_your_writes",
                                                                 "monotonic_reads",
                                                                 "monotonic_writes",
                                                                 "writes_follow_reads",
                                                                 "phantom",
                                                                 "lost",
                                                                 "fork"};

constexpr std::string_view name_of(violation v) noexcept {
  return violation_names[static_cast<std::size_t>(v)];
}

/// One violation and what shows it. Which of the members are set, and what they are, is the kind's.
struct finding {
  violation what = violation::overlap;
  const operation* seen_by = nullptr; ///< the read; of lost: the append; of what members did: none
  const operation* other = nullptr;   ///< the longest list: of lost, that was read later; of fork, of all
  const execution* first = nullptr;   ///< overlap: what lasts; epoch: the highest; phantom: what was executed
  const execution* second = nullptr;  ///< overlap, epoch: where it shows
  std::uint64_t value = 0;            ///< that is missing, or that should not be there
  std::uint64_t because = 0;          ///< the value that asks for it
  std::string_view detail = {};
};

/// Counts all, and keeps the first few of each kind.
class findings {
public:
  explicit findings(std::size_t kept_max = 3) : kept_max_(kept_max) {}

  void add(const finding& f) {
    auto& of_kind = kinds_[static_cast<std::size_t>(f.what)];
    if (of_kind.count++ < kept_max_) of_kind.first.push_back(f);
  }
  std::uint64_t count(violation v) const noexcept { return kinds_[static_cast<std::size_t>(v)].count; }
  const std::vector<finding>& first(violation v) const noexcept {
    return kinds_[static_cast<std::size_t>(v)].first;
  }
  std::uint64_t total() const noexcept {
    return std::accumulate(kinds_.begin(), kinds_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const kind& k) { return sum + k.count; });
  }

private:
  struct kind {
    std::uint64_t count = 0;
    std::vector<finding> first;
  };
  std::size_t kept_max_;
  std::array<kind, violation_names.size()> kinds_;
};

} // namespace limpet::consistency
