#pragma once

#include "proxy/http/message.hpp"

namespace limpet::http {

/// Whether the request is an opening handshake (RFC 6455 section 4.2.1): GET, one key of 16 bytes in base64,
/// one version.
bool is_websocket_request(const request_head& head);

/// Whether the answer accepts that very handshake (RFC 6455 section 4.1, items 2 to 4).
bool accepts_websocket(const request_head& request, const response_head& answer);

} // namespace limpet::http
