#pragma once

#include "routing/envelope.hpp"
#include "routing/request_view.hpp"
#include "routing/token.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::routing {

/// Where a pool's session key comes from. The source itself is not hashed: the same bytes from a header on
/// one proxy and from a query parameter on another name the same session.
struct key_source {
  enum class kind : std::uint8_t { cookie, header, query, path_segment, client_address };

  kind from = kind::header;
  std::string name;          ///< of the cookie, header or query parameter
  unsigned segment = 0;      ///< path_segment: 1 is the first; /users/ALICE has users, ALICE
  unsigned ipv4_prefix = 32; ///< client_address: bits that count
  unsigned ipv6_prefix = 128;
  bool issued = false;   ///< a cookie that the proxy issues: its value is a token, the key its session id
  bool pin = false;      ///< the token keeps the session on the member where it was first placed
  bool envelope = false; ///< a header or cookie that the application issues, and that travels in an envelope
  forged_envelope forged = forged_envelope::refuse;

  friend bool operator==(const key_source&, const key_source&) = default;
};

/// "cookie", "header", "query", "path" or "client_address", as the configuration names them.
std::string_view to_string(key_source::kind kind) noexcept;

/// The envelopes among a pool's sources, in their order.
std::vector<envelope_field> envelopes_of(std::string_view pool, std::span<const key_source> sources);

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
  std::size_t source = 0; ///< index of the source that decided, where found or refused
  std::string_view bytes; ///< the key; lives as long as the request's buffer and `scratch`
  std::uint64_t hash = 0; ///< hash_bytes(bytes), where found
  token_state token_seen = token_state::none; ///< what the issued cookie turned out to be
  session_token token; ///< where found by an issued cookie; of an envelope, its tag as epoch and pin

  bool refused() const noexcept { return outcome != status::found && outcome != status::absent; }
};

/// Takes the session key of a request: the first source in order that has a value. Empty values are absent.
///
/// - cookie: as it stands, without the quotes around it. Of several with one name the first counts, since
///   browsers send the one with the most specific path first.
/// - header: as it stands. More than one field of the name is `repeated`, whatever the values.
/// - query: the parameter's value, percent-decoded once, `+` literal. Names are compared decoded, as members
///   read them; more than one parameter of the name is `repeated`, whatever the values.
/// - path_segment: percent-decoded once. Empty segments count: the second of //a/ is a.
/// - client_address: the 4 or 16 bytes of the address with the bits past the prefix zero.
/// - an issued cookie: the token's session id. One that does not verify counts as absent and shows in
///   token_seen; where `keys` is null, all are absent.
/// - an envelope: its bare value, where it is valid; else absent. `opened` has what open_envelopes found, one
///   verdict an envelope among the sources; where there are fewer, the others are absent.
///
/// A key from anything but an issued cookie or the client's address has at most `key_bytes_max` bytes after
/// decoding. `scratch` holds decoded bytes; it must outlive the result, and the path of `request` must not
/// point into it. Never throws on bad input.
key_result extract_session_key(std::span<const key_source> sources, const request_view& request,
                               std::size_t key_bytes_max, const token_keys* keys, std::int64_t now_unix_s,
                               std::string& scratch, std::span<const envelope_verdict> opened = {});

} // namespace limpet::routing
