#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace limpet::routing {

/// Percent-encoding (RFC 3986 section 2.1). "+" is a plus sign.

/// The byte that the three characters at `at` ("%2f") stand for; nothing where they are no percent-encoding.
std::optional<char> decode_percent_at(std::string_view text, std::size_t at) noexcept;

/// Replaces `out` by `text` decoded once. False at a "%" without two hexadecimal digits; `out` is unspecified
/// then.
bool percent_decode(std::string_view text, std::string& out);

/// Whether `text` decodes to exactly `plain`; false where it is malformed.
bool percent_decodes_to(std::string_view text, std::string_view plain) noexcept;

/// `text` with all bytes encoded but the unreserved ones (RFC 3986 section 2.3) and those in `plain`: good for
/// a value in a query.
std::string percent_encode(std::string_view text, std::string_view plain = {});

} // namespace limpet::routing
