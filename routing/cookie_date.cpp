#include "routing/cookie_date.hpp"

#include "routing/ascii.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace limpet::routing {
namespace {

/// RFC 6265 section 5.1.1, `delimiter`.
bool is_delimiter(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x09 || (byte >= 0x20 && byte <= 0x2f) || (byte >= 0x3b && byte <= 0x40) ||
         (byte >= 0x5b && byte <= 0x60) || (byte >= 0x7b && byte <= 0x7e);
}

struct digit_range {
  std::size_t min;
  std::size_t max;
};

/// Takes the digits at the front; nothing where there are fewer or more.
std::optional<unsigned> take_digits(std::string_view& text, digit_range count) noexcept {
  const auto end = std::ranges::find_if_not(text, is_ascii_digit);
  const auto size = static_cast<std::size_t>(end - text.begin());
  if (size < count.min || size > count.max) return {};
  unsigned value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
  text.remove_prefix(size);
  return value;
}

/// What the tokens have said so far.
class date_reader {
public:
  void read(std::string_view token) noexcept {
    if (!time_ && read_time(token)) return;
    if (!day_ && (day_ = take_digits(token, {1, 2}))) return;
    if (!month_ && (month_ = month_of(token))) return;
    if (!year_) year_ = take_digits(token, {2, 4});
  }

  std::optional<std::int64_t> result() const noexcept {
    using namespace std::chrono;
    if (!time_ || !day_ || !month_ || !year_) return {};
    const unsigned full_year = *year_ >= 70 && *year_ <= 99 ? *year_ + 1900
                               : *year_ <= 69               ? *year_ + 2000
                                                            : *year_;
    const year_month_day date{year(static_cast<int>(full_year)), month(*month_), day(*day_)};
    if (full_year < 1601 || !date.ok()) return {};
    return seconds(sys_days(date).time_since_epoch()).count() + *time_;
  }

private:
  /// Seconds of the day.
  bool read_time(std::string_view token) noexcept {
    std::array<unsigned, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0 && !token.starts_with(':')) return false;
      if (i > 0) token.remove_prefix(1);
      const auto part = take_digits(token, {1, 2});
      if (!part || *part > (i == 0 ? 23u : 59u)) return false;
      parts[i] = *part;
    }
    time_ = parts[0] * 3600 + parts[1] * 60 + parts[2];
    return true;
  }

  static std::optional<unsigned> month_of(std::string_view token) noexcept {
    constexpr std::array<std::string_view, 12> names{"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
    for (unsigned i = 0; i < names.size(); ++i)
      if (ascii_iequal(token.substr(0, 3), names[i])) return i + 1;
    return {};
  }

  std::optional<std::int64_t> time_;
  std::optional<unsigned> day_;
  std::optional<unsigned> month_;
  std::optional<unsigned> year_;
};

} // namespace

std::optional<std::int64_t> parse_cookie_date(std::string_view text) noexcept {
  date_reader date;
  while (!text.empty()) {
    const auto begin = std::ranges::find_if_not(text, is_delimiter);
    const auto end = std::find_if(begin, text.end(), is_delimiter);
    if (begin != end) date.read({begin, end});
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  }
  return date.result();
}

} // namespace limpet::routing
