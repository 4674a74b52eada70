#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace limpet::net {

/// Series by number, for counting on the hot path: entries stand one behind the other in the order of their
/// first use, found by an index with open addressing (linear probing, at most a quarter full: it is small,
/// and each probe more would be paid for by each request). Series are never taken out.
template <class Key, class Value>
class series_table {
public:
  using entry = std::pair<Key, Value>;

  /// The series' value; Value{} where it is new.
  Value& operator[](Key key) {
    if (4 * (entries_.size() + 1) > index_.size()) grow();
    auto at = slot_of(key);
    // Slots are masked, and numbers are those of entries: no bounds to check.
    const auto* numbers = index_.data();
    while (const auto number = numbers[at]) {
      auto& found = entries_.data()[number - 1];
      if (found.first == key) return found.second;
      at = (at + 1) & (index_.size() - 1);
    }
    entries_.emplace_back(key, Value{});
    index_[at] = static_cast<std::uint32_t>(entries_.size());
    return entries_.back().second;
  }

  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }

private:
  /// Multiplicative hashing (Knuth, volume 3, section 6.4): the upper bits are the mixed ones.
  std::size_t slot_of(Key key) const noexcept {
    return static_cast<std::size_t>((key * 0x9e37'79b9'7f4a'7c15U) >> 32) & (index_.size() - 1);
  }

  void grow() {
    index_.assign(index_.empty() ? first_size : 2 * index_.size(), 0);
    for (std::uint32_t number = 1; number <= entries_.size(); ++number) {
      auto at = slot_of(entries_[number - 1].first);
      while (index_[at])
        at = (at + 1) & (index_.size() - 1);
      index_[at] = number;
    }
  }

  static constexpr std::size_t first_size = 128; ///< a power of two
  std::vector<entry> entries_;
  std::vector<std::uint32_t> index_; ///< numbers of entries, from 1; 0: free
};

} // namespace limpet::net
