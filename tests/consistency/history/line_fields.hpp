#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace limpet::consistency {

/// Takes a line's fields one after the other: separated by one space, none empty. After the first failure
/// nothing more is taken.
class line_fields {
public:
  static constexpr std::size_t name_bytes_max = 255;

  explicit line_fields(std::string_view line) : at_(line.data()), end_(line.data() + line.size()) {}

  bool word(std::string_view& out) noexcept {
    const char* const start = at_;
    while (at_ != end_ && is_visible(*at_))
      ++at_;
    out = {start, static_cast<std::size_t>(at_ - start)};
    return end_field(!out.empty() && out.size() <= name_bytes_max);
  }

  bool number(std::uint64_t& out) noexcept { return end_field(digits(out)); }

  /// Numbers separated by commas, or "-" for none: each goes to `take`.
  template <class Take>
  bool numbers(Take take) {
    if (at_ != end_ && *at_ == '-') {
      ++at_;
      return end_field(true);
    }
    for (;;) {
      std::uint64_t value = 0;
      if (!digits(value)) return end_field(false);
      take(value);
      if (at_ == end_ || *at_ != ',') return end_field(true);
      ++at_;
    }
  }

  /// Whether all was taken and nothing is left.
  bool are_over() const noexcept { return is_good_ && at_ == end_ && !wants_more_; }

private:
  // So that a name can be printed as it is.
  static bool is_visible(char c) noexcept { return c > ' ' && c < '\x7f'; }

  bool digits(std::uint64_t& out) noexcept {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    const char* const start = at_;
    std::uint64_t value = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
      const auto digit = static_cast<unsigned>(*at_ - '0');
      if (value > most / 10 || (value == most / 10 && digit > most % 10)) return false;
      value = 10 * value + digit;
    }
    out = value;
    return at_ != start;
  }

  bool end_field(bool is_well_formed) noexcept {
    is_good_ = is_good_ && is_well_formed && (at_ == end_ || *at_ == ' ');
    wants_more_ = is_good_ && at_ != end_;
    if (wants_more_) ++at_;
    return is_good_;
  }

  const char* at_;
  const char* end_;
  bool is_good_ = true;
  bool wants_more_ = true; ///< a space was taken, or nothing yet
};

} // namespace limpet::consistency
