#pragma once

#include "routing/address.hpp"
#include "routing/request_view.hpp"

#include <span>

namespace limpet::routing {

/// The client's address: `peer`, unless it is a trusted proxy. Then the entries of the X-Forwarded-For fields
/// count, from the last one back, for as long as the hop that wrote them is trusted. The first untrusted hop
/// is the client; where an entry does not parse ("unknown", an obfuscated name), or none is left, it is the
/// last hop that was known. Entries are addresses, with or without a port, IPv6 with or without brackets;
/// empty ones are passed over (RFC 9110 section 5.6.1).
ip_address derive_client(const ip_address& peer, std::span<const header_field> fields,
                         std::span<const ip_network> trusted) noexcept;

} // namespace limpet::routing
