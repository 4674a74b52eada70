#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::routing {

/// Names an issued session: 128 random bits, which are also its session key.
using session_id_bytes = std::array<std::uint8_t, 16>;

/// The id as the bytes of a session key; they live as long as `id`.
inline std::string_view bytes_of(const session_id_bytes& id) noexcept {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

/// What an issued cookie carries. Opaque to clients: base64url over fixed-width binary, authenticated as a
/// whole.
struct session_token {
  session_id_bytes session_id{};
  std::int64_t expires_unix_s = 0;        ///< valid before this second
  std::uint64_t epoch = 0;                ///< the view's epoch when it was issued
  std::uint64_t pin_id_hash = 0;          ///< hash_bytes(member id); 0 with no pin
  std::uint64_t pin_incarnation_hash = 0; ///< hash_bytes(incarnation)

  bool pinned() const noexcept { return pin_id_hash != 0; }
  std::string_view key() const noexcept { return bytes_of(session_id); }
  friend bool operator==(const session_token&, const session_token&) = default;
};

using mac_bytes = std::array<std::uint8_t, 16>; ///< HMAC-SHA256 truncated to 128 bits (RFC 2104 section 5)

/// The key ring as the codec sees it. Key 0 signs; all of them verify, so that keys can be rotated.
class token_keys {
public:
  virtual ~token_keys() = default;
  virtual std::size_t size() const noexcept = 0;
  /// HMAC-SHA256 of `bytes` under key `index`, truncated.
  virtual mac_bytes mac(std::size_t index, std::string_view bytes) const noexcept = 0;
};

enum class token_state : std::uint8_t {
  none, ///< no token was there
  valid,
  expired, ///< authentic, but past its time
  forged,  ///< well formed, but no key of the ring made it
  garbled, ///< not a token of a version that we know
};

struct token_verdict {
  token_state state = token_state::none;
  session_token token; ///< where valid or expired
};

/// Characters of every token.
inline constexpr std::size_t token_text_size = 87;

/// The cookie's value: base64url (RFC 4648 section 5, no padding) of version, token and MAC. Needs a key in
/// the ring.
std::string encode_token(const session_token& token, const token_keys& keys);

/// Reads and verifies; how long that takes tells nothing of how much of the MAC was right. One token has one
/// text: trailing bytes and stray bits are garbled. Never throws.
token_verdict decode_token(std::string_view text, const token_keys& keys, std::int64_t now_unix_s) noexcept;

/// As in logs and metrics: "none", "valid", "expired", "forged" or "garbled".
std::string_view to_string(token_state state) noexcept;

} // namespace limpet::routing
