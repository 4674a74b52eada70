#pragma once

#include "tests/consistency/history/name_table.hpp"

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace limpet::consistency {

/// Which items are of which session, in the order in which they stand: two passes, and four bytes an item.
class by_session {
public:
  template <class Item>
  by_session(const std::vector<Item>& items, name_number sessions)
      : starts_(std::size_t{sessions} + 1), order_(items.size()) {
    for (const auto& item : items)
      ++starts_[item.session + 1];
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    auto next = starts_;
    for (std::uint32_t i = 0; i < items.size(); ++i)
      order_[next[items[i].session]++] = i;
  }

  std::span<const std::uint32_t> of(name_number session) const noexcept {
    return {order_.data() + starts_[session], order_.data() + starts_[session + 1]};
  }

private:
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> order_;
};

} // namespace limpet::consistency
