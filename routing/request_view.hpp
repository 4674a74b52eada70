#pragma once

#include "routing/address.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace limpet::routing {

/// One field line of a message head, white space around the value removed. The bytes belong to the reader's
/// buffer.
struct header_field {
  std::string_view name;
  std::string_view value;
  std::uint16_t known = 0; ///< http's number for a name that it looks at, 0 for others; opaque here
};

/// What routing may look at in a request, whatever protocol carried it.
struct request_view {
  std::string_view host;  ///< lower case, without port
  std::string_view path;  ///< after normalisation, still percent-encoded
  std::string_view query; ///< without the question mark
  std::span<const header_field> fields;
  ip_address client; ///< derived through the trusted proxies
};

} // namespace limpet::routing
