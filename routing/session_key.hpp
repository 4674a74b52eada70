#pragma once

#include "routing/request_view.hpp"
#include "routing/token.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace limpet::routing {

/// Where a pool's session key comes from. The source itself is not hashed: the same bytes from a header on one proxy
/// and from a query parameter on another name the same session.
struct key_source {
  enum class kind : std::uint8_t { cookie, header, query, path_segment, client_address };

  kind from = kind::header;
  std::string name;              ///< of the cookie, header or query parameter
  unsigned segment = 0;          ///< path_segment: 1 is the first; /users/ALICE has users, ALICE
  unsigned ipv4_prefix = 32;     ///< client_address: bits that count
  unsigned ipv6_prefix = 128;
  bool issued = false;           ///< a cookie that the proxy issues: its value is a token, the key its session id
  bool pin = false;              ///< the token keeps the session on the member where it was first placed

  friend bool operator==(const key_source&, const key_source&) = default;
};

/// What came of looking for the key.
struct key_result {
  enum class status : std::uint8_t {
    found,
    absent,    ///< no source had a value
    repeated,  ///< a header or parameter, once more than once: 400
    too_long,  ///< over key_bytes_max: 400
    malformed, ///< a percent-encoding that is none: 400
  };

  status outcome = status::absent;
  std::size_t source = 0;        ///< index of the source that decided, where found or refused
  std::string_view bytes;        ///< the key; lives as long as the request's buffer and `scratch`
  std::uint64_t hash = 0;        ///< hash_bytes(bytes), where found
  token_state token_seen = token_state::none; ///< what the issued cookie turned out to be
  session_token token;           ///< where found by an issued cookie
};

/// Takes the session key of a request: the first source in order that has a value. Empty values are absent; a cookie or
/// header is taken as it stands (quotes around a cookie's value removed); path segments and query parameters are
/// percent-decoded once, `+` is literal. An issued cookie that does not verify counts as absent (and shows in token_seen).
/// `scratch` holds decoded bytes and must outlive the result. Never throws on bad input.
key_result extract_session_key(std::span<const key_source> sources, const request_view& request,
                               std::size_t key_bytes_max, const token_keys* keys, std::int64_t now_unix_s,
                               std::string& scratch);

} // namespace limpet::routing
