#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <vector>

namespace limpet::consistency {

using name_number = std::uint32_t;

/// Names as the numbers from 0 on, in the order in which they came. The names' bytes belong to others, and
/// live as long. Open addressing: a look-up is most of what a short line costs to read.
class name_table {
public:
  static constexpr name_number none = std::numeric_limits<name_number>::max();

  /// The number of `name`, a new one where it is not known yet.
  name_number number_of(std::string_view name) {
    if (last_ != none && names_[last_] == name) return last_; // lines of one thing come in rows
    if ((names_.size() + 1) * 2 > slots_.size()) grow();
    auto& slot = slot_of(name);
    if (slot == none) {
      slot = static_cast<name_number>(names_.size());
      names_.push_back(name);
    }
    return last_ = slot;
  }
  std::string_view name_of(name_number number) const noexcept { return names_[number]; }
  name_number size() const noexcept { return static_cast<name_number>(names_.size()); }

private:
  name_number& slot_of(std::string_view name) noexcept {
    const auto mask = slots_.size() - 1;
    auto at = std::hash<std::string_view>{}(name)&mask;
    while (slots_[at] != none && names_[slots_[at]] != name)
      at = (at + 1) & mask;
    return slots_[at];
  }
  void grow() {
    slots_.assign(slots_.empty() ? 64 : 2 * slots_.size(), none);
    for (name_number n = 0; n < names_.size(); ++n)
      slot_of(names_[n]) = n;
  }

  std::vector<std::string_view> names_;
  std::vector<name_number> slots_; ///< a power of two, at most half of them used
  name_number last_ = none;
};

} // namespace limpet::consistency
