#pragma once

#include <string_view>

namespace limpet::ops {

/// The page at /: links, and a table of pools and members that keeps itself current from /members. Needs
/// nothing from elsewhere.
extern const std::string_view index_page;

/// What the page may do (Content-Security-Policy): run its own script, ask this server, and nothing else.
inline constexpr std::string_view content_security_policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

} // namespace limpet::ops
