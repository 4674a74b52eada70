#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace limpet::http {

/// Follows an event stream's bytes (WHATWG HTML, section 9.2.5) as far as to know whether an event is half
/// sent: events end in an empty line, and a line in CR, LF, or both.
class event_follower {
public:
  void feed(std::string_view bytes) noexcept {
    for (const char c : bytes.substr(bytes.size() - std::min(bytes.size(), kept))) {
      for (std::size_t i = 1; i < kept; ++i)
        last_[i - 1] = last_[i];
      last_[kept - 1] = c;
    }
  }

  /// True before the first byte, too.
  bool between_events() const noexcept {
    const auto [first, second, third] = last_;
    if (third == '\n' && second == '\r') return is_line_end(first);
    return is_line_end(third) && is_line_end(second);
  }

private:
  static constexpr std::size_t kept = 3;
  static constexpr bool is_line_end(char c) noexcept { return c == '\n' || c == '\r'; }

  std::array<char, kept> last_{'\n', '\n', '\n'};
};

} // namespace limpet::http
