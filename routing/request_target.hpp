#pragma once

#include <string>
#include <string_view>

namespace limpet::routing {

/// A request target taken apart (RFC 9112 section 3.2).
struct request_target {
  enum class form : unsigned char { origin, absolute, authority, asterisk };
  enum class status : unsigned char {
    ok,
    /// Bytes that no target has (controls, space, fragment, non-ASCII), or no known form: 400.
    malformed,
    /// An encoded slash, backslash, NUL or dot-segment, a raw backslash, a "%" that begins no encoding: 400.
    ambiguous_path,
  };

  form kind = form::origin;
  std::string_view authority; ///< absolute and authority form: as it stands; parse_authority accepts it
  std::string_view path;      ///< without dot-segments (RFC 3986 section 5.2.4), still percent-encoded
  std::string_view query;     ///< without the question mark
  bool has_query = false;     ///< "/a?" has an empty one
};

/// Takes `text` apart. Absolute form is http or https. `path` is "/" at least. It points into `text`, or into
/// `scratch` where dot-segments were removed; of the authority and asterisk forms it is "/". Bytes that
/// browsers send though RFC 3986 does not allow them pass as they stand: [ ] { } | ^ ` " < > and, in queries,
/// the backslash. Where the status is not ok, `out` is unspecified. Never throws on bad input.
request_target::status parse_request_target(std::string_view text, request_target& out, std::string& scratch);

/// Splits "host:port" and lower-cases the host into `host`, without its final dot (which names the same
/// host). False where malformed (RFC 3986 section 3.2.2: a name, IPv4 or bracketed IPv6, at most 255 bytes;
/// the port, if any, up to 65535; no userinfo; not empty). Stricter than the RFC in one thing: a
/// percent-encoded host is refused, since members may decode it.
bool parse_authority(std::string_view text, std::string& host);

} // namespace limpet::routing
