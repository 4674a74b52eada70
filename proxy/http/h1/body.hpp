#pragma once

#include "proxy/http/h1/chunked.hpp"
#include "proxy/http/message.hpp"

#include <sys/uio.h>

#include <array>
#include <span>
#include <string_view>

namespace limpet::http::h1 {

/// Takes a message's content out of the bytes that follow its head, whatever its framing.
class body_decoder {
public:
  body_decoder() = default;
  explicit body_decoder(const framing& how) : framing_(how), left_(how.length) {
    done_ = how.how == framing::kind::none || (how.how == framing::kind::length && how.length == 0);
  }

  struct part {
    std::span<char> data;     ///< content, at the front of the bytes given
    std::size_t consumed = 0; ///< of the bytes given; the rest belongs to the next message
    bool malformed = false;
  };
  part decode(std::span<char> bytes);

  bool done() const noexcept { return done_; }
  /// The sender ended the connection. Whether the content is whole by that.
  bool end_of_input() noexcept { return done_ = done_ || framing_.how == framing::kind::until_close; }

  /// How many more bytes may be read without taking from the next message; all of them where the framing does
  /// not tell.
  std::size_t read_at_most(std::size_t room) const noexcept;
  std::string_view trailers() const noexcept { return chunks_.trailers(); }
  void drop_trailers(std::string_view name) { chunks_.drop_trailers(name); }

private:
  framing framing_;
  std::uint64_t left_ = 0;
  bool done_ = true;
  chunked_decoder chunks_;
};

/// Frames content for one gathered write: at most a head, a chunk's line, the data, and what ends the chunk
/// or the message.
class body_encoder {
public:
  body_encoder() = default;
  explicit body_encoder(bool chunked) : chunked_(chunked) {}

  /// The pieces to write. Valid until the next call, as long as the arguments' bytes are.
  std::span<iovec> encode(std::string_view head, std::span<const char> data, bool last,
                          std::string_view trailers);

private:
  bool chunked_ = false;
  chunk_header line_{};
  std::array<iovec, 6> pieces_{};
};

} // namespace limpet::http::h1
