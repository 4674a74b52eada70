#pragma once

#include "routing/mix64.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace limpet::consistency {

/// Values of one session as the numbers from 0 on. Made to be emptied for the next session at no cost.
class value_table {
public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  void clear() noexcept {
    values_.clear();
    if (++generation_ == 0) { // slots of the first round would seem to be of this one
      slots_.clear();
      generation_ = 1;
    }
  }
  /// The number of `value`, a new one where it is not known yet.
  std::uint32_t number_of(std::uint64_t value) {
    if ((values_.size() + 1) * 2 > slots_.size()) grow();
    auto& s = slot_of(value);
    if (s.generation != generation_) {
      s = {generation_, size()};
      values_.push_back(value);
    }
    return s.number;
  }
  std::uint64_t value_of(std::uint32_t number) const noexcept { return values_[number]; }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(values_.size()); }

private:
  struct slot {
    std::uint32_t generation = 0;
    std::uint32_t number = 0;
  };

  slot& slot_of(std::uint64_t value) noexcept {
    const auto mask = slots_.size() - 1;
    auto at = routing::mix64(value) & mask;
    while (slots_[at].generation == generation_ && values_[slots_[at].number] != value)
      at = (at + 1) & mask;
    return slots_[at];
  }
  void grow() {
    slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), {});
    for (std::uint32_t n = 0; n < size(); ++n)
      slot_of(values_[n]) = {generation_, n};
  }

  std::vector<std::uint64_t> values_;
  std::vector<slot> slots_; ///< a power of two, at most half of them of this generation
  std::uint32_t generation_ = 1;
};

} // namespace limpet::consistency
