#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::http {

/// Follows the frames of one direction of a WebSocket (RFC 6455 section 5.2) by their headers alone, so that
/// a frame of our own can be put in where one message ends and the next begins. Looks at no payload and
/// judges nothing: the ends decide.
class ws_follower {
public:
  /// Takes the next bytes of the direction.
  void feed(std::string_view bytes) noexcept;

  /// How many of `bytes`, fed next, would bring the direction between two messages: 0 where it stands there
  /// now; nothing where they would not. Feeds nothing.
  std::optional<std::size_t> boundary_in(std::string_view bytes) const noexcept;

  bool between_messages() const noexcept {
    return header_bytes_ == 0 && payload_left_ == 0 && !in_fragments_;
  }
  bool saw_close() const noexcept { return close_code_.has_value() || close_seen_; }
  /// The status code of the close frame that passed; nothing where none did or it had none.
  std::optional<std::uint16_t> close_code() const noexcept { return close_code_; }

private:
  /// Takes as many bytes as belong to the header or payload under way; at least one.
  std::size_t step(std::string_view bytes) noexcept;
  void header_complete() noexcept;
  std::size_t header_size() const noexcept;
  void look_at_close_payload(std::string_view bytes) noexcept;

  std::uint8_t header_[14]{};
  std::uint8_t header_bytes_ = 0;
  std::uint8_t opcode_ = 0;
  std::uint8_t close_bytes_ = 0;
  bool in_fragments_ = false; ///< a data message has begun and its last fragment has not
  bool masked_ = false;
  bool close_seen_ = false;
  std::uint8_t mask_[2]{};
  std::uint64_t payload_left_ = 0;
  std::uint16_t partial_code_ = 0;
  std::optional<std::uint16_t> close_code_;
};

/// A close frame with a status code and a reason (RFC 6455 sections 5.5.1 and 7.4.1; at most 123 bytes of
/// reason). What goes to a server is masked, with an all-zero key: masking protects caches on the way to us,
/// and there are none behind us.
std::string make_close_frame(std::uint16_t code, std::string_view reason, bool masked);

} // namespace limpet::http
