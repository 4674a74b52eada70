#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace limpet::http {

/// Appends many short pieces to a string: one comparison for all that are given together, and a copy each.
class text_writer {
public:
  /// `expected` is how much is likely to come; more costs time, not more.
  text_writer(std::string& out, std::size_t expected) : out_(out) {
    const auto written = out.size();
    out_.resize(written + expected);
    at_ = out_.data() + written;
  }
  text_writer(const text_writer&) = delete;
  ~text_writer() { out_.resize(size()); }

  /// Pieces are what a string_view can be made of. Inlined, so that the length of a literal is known.
  template <class... Pieces>
  [[gnu::always_inline]] text_writer& add(const Pieces&... pieces) {
    const auto bytes = (std::string_view(pieces).size() + ...);
    if (out_.size() - size() < bytes) grow(bytes);
    (copy(std::string_view(pieces)), ...);
    return *this;
  }
  text_writer& add_number(std::uint64_t value) {
    char digits[20];
    const auto* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return add(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  template <class Name, class Value>
  [[gnu::always_inline]] text_writer& add_field(const Name& name, const Value& value) {
    return add(name, ": ", value, "\r\n");
  }

private:
  std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - out_.data()); }
  void grow(std::size_t bytes) {
    const auto written = size();
    out_.resize(2 * (written + bytes));
    at_ = out_.data() + written;
  }
  [[gnu::always_inline]] void copy(std::string_view piece) noexcept {
    if (piece.empty()) return; // memcpy must not see a null pointer
    std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
  }

  std::string& out_;
  char* at_; ///< behind what is written; the rest of out_ is room
};

} // namespace limpet::http
