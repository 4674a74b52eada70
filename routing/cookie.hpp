#pragma once

#include "routing/request_view.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace limpet::routing {

/// The value of the first cookie of this name in the request's Cookie fields (RFC 6265 section 5.4 as
/// browsers send them: any number of Cookie fields, pairs split at ';'). Surrounding white space and one pair
/// of double quotes are removed. Nothing where there is none; an empty value where the first is empty. Names
/// are compared with case. Of several the first counts, since browsers send the one with the most specific
/// path first.
std::optional<std::string_view> find_cookie(std::span<const header_field> fields,
                                            std::string_view name) noexcept;

/// One pair of a Cookie field.
struct cookie_pair {
  std::string_view whole; ///< with the white space around it; empty between two ';'
  bool is_pair = false;   ///< there is a '='; else name and value are empty
  std::string_view name;
  std::string_view value; ///< without white space and one pair of double quotes around it
};

/// Takes the first pair off a Cookie field's value, up to and with its ';'. False where there is none left.
bool take_cookie_pair(std::string_view& list, cookie_pair& out) noexcept;

/// A Set-Cookie field's value (RFC 6265 section 5.2).
struct set_cookie_parts {
  std::string_view name;
  std::string_view value;      ///< without white space and one pair of double quotes around it
  std::string_view attributes; ///< from the first ';' on
};
std::optional<set_cookie_parts> parse_set_cookie(std::string_view field) noexcept;

/// Whether a cookie with these attributes is taken away rather than set: Max-Age is 0 or less, or, where
/// there is none, Expires is past. The last of each counts, and what does not parse does not (RFC 6265
/// sections 5.2 and 5.3).
bool deletes_cookie(std::string_view attributes, std::int64_t now_unix_s) noexcept;

enum class same_site : unsigned char { lax, strict, none };

/// The attributes of an issued cookie (RFC 6265 section 4.1, SameSite as in 6265bis). Always HttpOnly.
struct cookie_attributes {
  std::string name;
  std::string path = "/";
  std::string domain;              ///< empty: host-only
  std::chrono::seconds max_age{0}; ///< 0: a session cookie
  same_site site = same_site::lax;
};

/// The value of a Set-Cookie field. `SameSite=None` is left out where `secure` is false: browsers throw such
/// a cookie away. Nothing is escaped: name, path and domain come from a checked configuration, the value from
/// encode_token.
std::string format_set_cookie(const cookie_attributes& attributes, std::string_view value, bool secure);

} // namespace limpet::routing
