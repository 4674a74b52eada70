#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace limpet::net {

/// Bytes that were read and not used yet, in one piece. Grows by doubling up to what its user allows; never
/// shrinks but by shrink(), so that a pooled owner allocates nothing in the steady state.
class input_buffer {
public:
  static constexpr std::size_t first_capacity = 4096;

  std::string_view view() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  std::span<char> span() noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }

  /// Free space to read into: at least one byte, as long as size() is below `most`. May move what view()
  /// points to.
  std::span<std::byte> room(std::size_t most) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == capacity_) {
      if (begin_ > 0)
        compact();
      else
        grow();
    }
    const auto allowed = most > size() ? most - size() : 0;
    return {reinterpret_cast<std::byte*>(bytes_.get() + end_), std::min(capacity_ - end_, allowed)};
  }
  void commit(std::size_t bytes) noexcept { end_ += bytes; }
  void consume(std::size_t bytes) noexcept { begin_ += bytes; }
  void clear() noexcept { begin_ = end_ = 0; }

  /// Adds bytes that were read elsewhere.
  void append(std::string_view more) {
    if (more.empty()) return; // there may be no memory yet, and memcpy must not see a null pointer
    while (capacity_ - end_ < more.size()) {
      if (begin_ > 0)
        compact();
      else
        grow();
    }
    std::memcpy(bytes_.get() + end_, more.data(), more.size());
    end_ += more.size();
  }

  /// Gives back what a large head made it grow to.
  void shrink() noexcept {
    if (capacity_ <= 4 * first_capacity || !empty()) return;
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }

private:
  void compact() noexcept {
    std::memmove(bytes_.get(), bytes_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  void grow() {
    const auto larger = std::max(first_capacity, capacity_ * 2);
    auto bytes = std::make_unique_for_overwrite<char[]>(larger);
    if (size()) std::memcpy(bytes.get(), bytes_.get() + begin_, size());
    end_ -= begin_;
    begin_ = 0;
    bytes_ = std::move(bytes);
    capacity_ = larger;
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

} // namespace limpet::net
