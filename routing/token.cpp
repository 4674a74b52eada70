#include "routing/token.hpp"

#include "routing/base64url.hpp"
#include "routing/constant_time.hpp"
#include "routing/wire_numbers.hpp"

#include <algorithm>
#include <span>

namespace limpet::routing {
namespace {

// version (1), session id (16), expiry, epoch, hash of the pinned id, of its incarnation (8 each,
// big-endian), MAC (16).
constexpr std::uint8_t token_version = 1;
constexpr std::size_t signed_size = 1 + 16 + 4 * 8;
constexpr std::size_t token_size = signed_size + std::tuple_size_v<mac_bytes>;
static_assert(base64url_size(token_size) == token_text_size);

using token_bytes = std::array<std::uint8_t, token_size>;

std::string_view signed_part(const token_bytes& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), signed_size};
}

session_token read_fields(const token_bytes& bytes) noexcept {
  session_token token;
  const std::uint8_t* at = bytes.data() + 1;
  std::copy_n(at, token.session_id.size(), token.session_id.begin());
  at += token.session_id.size();
  token.expires_unix_s = static_cast<std::int64_t>(take_number(at));
  token.epoch = take_number(at);
  token.pin_id_hash = take_number(at);
  token.pin_incarnation_hash = take_number(at);
  return token;
}

bool is_authentic(const token_bytes& bytes, const token_keys& keys) noexcept {
  const auto text_of = [](const std::uint8_t* mac) {
    return std::string_view(reinterpret_cast<const char*>(mac), std::tuple_size_v<mac_bytes>);
  };
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const mac_bytes expected = keys.mac(i, signed_part(bytes));
    if (equal_in_constant_time(text_of(expected.data()), text_of(bytes.data() + signed_size))) return true;
  }
  return false;
}

} // namespace

std::string encode_token(const session_token& token, const token_keys& keys) {
  token_bytes bytes;
  std::uint8_t* at = bytes.data();
  *at++ = token_version;
  at = std::ranges::copy(token.session_id, at).out;
  put_number(at, static_cast<std::uint64_t>(token.expires_unix_s));
  put_number(at, token.epoch);
  put_number(at, token.pin_id_hash);
  put_number(at, token.pin_incarnation_hash);
  std::ranges::copy(keys.mac(0, signed_part(bytes)), at);
  return base64url_encode(bytes);
}

token_verdict decode_token(std::string_view text, const token_keys& keys, std::int64_t now_unix_s) noexcept {
  token_bytes bytes;
  if (!base64url_decode(text, bytes) || bytes[0] != token_version) return {token_state::garbled, {}};
  if (!is_authentic(bytes, keys)) return {token_state::forged, {}};
  const session_token token = read_fields(bytes);
  return {now_unix_s < token.expires_unix_s ? token_state::valid : token_state::expired, token};
}

std::string_view to_string(token_state state) noexcept {
  switch (state) {
  case token_state::none:
    return "none";
  case token_state::valid:
    return "valid";
  case token_state::expired:
    return "expired";
  case token_state::forged:
    return "forged";
  case token_state::garbled:
    return "garbled";
  }
  return "unknown";
}

} // namespace limpet::routing
