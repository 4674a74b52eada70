#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace limpet::http::h1 {

/// How large a head may be.
struct head_limits {
  std::size_t first_line_bytes = 16 * 1024; ///< without its CRLF
  std::size_t head_bytes = 64 * 1024;       ///< all of it, with the empty line
  std::size_t field_count = 100;
};

/// Finds the end of a head in bytes that come in pieces, and refuses on the way what Beast's parser lets pass
/// or cannot see: bare CR and LF (RFC 9112 section 2.2), obs-fold (section 5.2), heads past their limits. The
/// verdict is that of the first offending byte, so it never depends on how the bytes were split.
class head_scanner {
public:
  enum class status : std::uint8_t {
    incomplete,
    complete, ///< size() bytes are the head, empty line included
    not_http, ///< begins with a byte that no method has: a TLS handshake on a plain port, and the like
    bare_line_ending,
    folded, ///< a line that begins with white space
    first_line_too_long,
    head_too_large,
    too_many_fields,
  };

  head_scanner() = default;
  explicit head_scanner(const head_limits& limits) noexcept : limits_(limits) {}

  /// `bytes` is the head from its first byte on, at least as long as at the last call.
  status scan(std::string_view bytes) noexcept;

  /// Where complete: how many bytes the head has.
  std::size_t size() const noexcept { return scanned_; }

private:
  status end_line(std::size_t line_feed) noexcept;

  head_limits limits_;
  std::size_t scanned_ = 0; ///< bytes that are known to be good
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0; ///< whole lines seen
};

} // namespace limpet::http::h1
