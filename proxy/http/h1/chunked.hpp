#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace limpet::http::h1 {

/// Takes the chunked coding off (RFC 9112 section 7.1) as bytes come in, in place. Extensions are dropped,
/// trailers kept; a message that goes on is coded anew, so that what is ambiguous never gets further. Strict:
/// CRLF only, sizes of 1 to 16 hex digits, extensions and trailers within limits.
class chunked_decoder {
public:
  static constexpr std::size_t extension_bytes_max = 256;           ///< of one chunk
  static constexpr std::size_t all_extension_bytes_max = 16 * 1024; ///< they are content that no limit counts
  static constexpr std::size_t trailer_bytes_max = 16 * 1024;

  enum class status : std::uint8_t { more, done, malformed };

  struct result {
    status outcome = status::more;
    std::size_t data = 0;     ///< decoded bytes, now at the front of `bytes`
    std::size_t consumed = 0; ///< of the input; what is left after `done` belongs to the next message
  };

  /// Decodes what there is; the data is moved together to the front of `bytes`.
  result decode(std::span<char> bytes);

  /// After done: the trailer section's field lines, each with its CRLF; empty where there were none. Checked
  /// for form; fields that may not be trailers (RFC 9110 section 6.5.1: framing, routing, authentication) are
  /// left out.
  std::string_view trailers() const noexcept { return trailers_; }
  /// Takes those of this name out, without regard to case.
  void drop_trailers(std::string_view name);

private:
  enum class state : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, done };

  bool step(char c);
  bool take_trailer_line();

  state state_ = state::size;
  unsigned digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t all_extension_bytes_ = 0;
  std::uint64_t left_ = 0;
  std::string line_; ///< the trailer line under way
  std::string trailers_;
  std::size_t trailer_bytes_ = 0;
};

/// The line before a chunk's data; 0 begins the end. At most 18 bytes.
struct chunk_header {
  std::array<char, 18> bytes;
  std::size_t size;
  std::string_view view() const noexcept { return {bytes.data(), size}; }
};
chunk_header make_chunk_header(std::uint64_t data_bytes) noexcept;

} // namespace limpet::http::h1
