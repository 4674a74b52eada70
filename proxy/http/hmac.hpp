#pragma once

#include "routing/token.hpp"

#include <string_view>

namespace limpet::http {

/// HMAC-SHA256 truncated to 128 bits (RFC 2104 section 5), by OpenSSL.
routing::mac_bytes hmac(std::string_view key, std::string_view bytes) noexcept;

} // namespace limpet::http
