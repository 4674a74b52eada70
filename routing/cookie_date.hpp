#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace limpet::routing {

/// The date of a cookie's Expires, as Unix time, read as user agents read it (RFC 6265 section 5.1.1): in any
/// order, whatever stands between, without regard to the zone, which is always UTC. Nothing where they would
/// not read it.
std::optional<std::int64_t> parse_cookie_date(std::string_view text) noexcept;

} // namespace limpet::routing
