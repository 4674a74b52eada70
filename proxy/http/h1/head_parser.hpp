#pragma once

#include "proxy/http/message.hpp"
#include "proxy/http/refusal.hpp"

#include <string_view>

namespace limpet::http::h1 {

/// Reads a request's head, whole and as head_scanner passed it, strictly (RFC 9112): framing is decided here
/// (sections 6.1 to 6.3), Host is required, single and well-formed (section 3.2), and a head that two parsers
/// could read differently is refused. Views in `out` point into `bytes`. refusal::none where it is good;
/// never throws on bad input.
refusal parse_request_head(std::string_view bytes, request_head& out);

/// Reads an answer's head in the same way. False where it is malformed or ambiguous. A status line that ends
/// right after the status code, without the space that RFC 9112 section 4 asks for, is accepted: real servers
/// send it.
bool parse_response_head(std::string_view bytes, response_head& out);

} // namespace limpet::http::h1
