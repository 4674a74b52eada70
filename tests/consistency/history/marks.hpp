#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace limpet::consistency {

/// A set of small numbers that is emptied at no cost.
class marks {
public:
  /// Empty, for numbers below `size`.
  void start(std::size_t size) {
    if (++round_ == 0) { // marks of the first round would seem to be of this one
      std::ranges::fill(rounds_, 0);
      round_ = 1;
    }
    if (rounds_.size() < size) rounds_.resize(size, 0);
  }
  void set(std::uint32_t number) noexcept { rounds_[number] = round_; }
  bool has(std::uint32_t number) const noexcept { return rounds_[number] == round_; }

private:
  std::vector<std::uint32_t> rounds_;
  std::uint32_t round_ = 0;
};

} // namespace limpet::consistency
