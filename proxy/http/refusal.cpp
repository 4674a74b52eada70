#include "proxy/http/refusal.hpp"

#include <array>

namespace limpet::http {

namespace {

using enum fault;

// In the order of the enumeration.
constexpr std::array<refusal_facts, static_cast<std::size_t>(refusal::count_)> table{{
    {"none", 0, "", "", proxy},
    {"malformed_head", 400, "Bad Request", "The request's head is malformed.", client},
    {"malformed_host", 400, "Bad Request", "The Host field is missing, repeated or malformed.", client},
    {"malformed_target", 400, "Bad Request", "The request target is malformed.", client},
    {"ambiguous_path", 400, "Bad Request", "The path has an encoded slash, backslash, NUL or dot-segment.",
     client},
    {"ambiguous_framing", 400, "Bad Request", "The length of the request's content is ambiguous.", client},
    {"malformed_body", 400, "Bad Request", "The request's content is malformed.", client},
    {"unsupported_version", 505, "HTTP Version Not Supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here.",
     client},
    {"unsupported_transfer_coding", 501, "Not Implemented",
     "The only transfer coding spoken here is chunked.", client},
    {"unsupported_method", 405, "Method Not Allowed", "This method is not forwarded.", client},
    {"request_line_too_long", 414, "URI Too Long", "The request line is too long.", client},
    {"header_too_large", 431, "Request Header Fields Too Large", "The request's header is too large.",
     client},
    {"body_too_large", 413, "Content Too Large", "The request's content is too large.", client},
    {"malformed_upgrade", 400, "Bad Request", "The upgrade request is malformed.", client},
    {"malformed_key", 400, "Bad Request", "The session key is repeated, malformed or too long.", client},
    {"forged_envelope", 400, "Bad Request", "The session was not issued here.", client},
    {"header_timeout", 408, "Request Timeout", "The request's head did not come in time.", client},
    {"body_timeout", 408, "Request Timeout", "The request's content did not come in time.", client},
    {"no_route", 404, "Not Found", "No route leads there.", client},
    {"no_session_key", 400, "Bad Request", "The request names no session.", client},
    {"no_members", 503, "Service Unavailable", "No member can take the request.", member, true},
    {"owner_unreachable", 503, "Service Unavailable", "The session's member cannot be reached.", member,
     true},
    {"member_gone", 503, "Service Unavailable", "The member that held the session is gone.", member, true},
    {"member_unknown", 503, "Service Unavailable", "The member that holds the session is not known here.",
     member, true},
    {"connect_failed", 503, "Service Unavailable", "The member cannot be reached.", member, true},
    {"connect_timeout", 503, "Service Unavailable", "The member cannot be reached.", member, true},
    {"member_closed_early", 502, "Bad Gateway", "The member closed the connection before its answer.",
     member},
    {"malformed_answer", 502, "Bad Gateway", "The member's answer is malformed.", member},
    {"answer_timeout", 504, "Gateway Timeout", "The member's answer did not come in time.", member},
    {"member_removed", 503, "Service Unavailable", "The request's member was taken out of service.", member,
     true},
    {"upstream_limit", 503, "Service Unavailable", "The member has no connection to spare.", proxy, true},
    {"fenced", 503, "Service Unavailable", "The proxy cannot tell now who owns the session.", proxy, true},
    {"parking_full", 503, "Service Unavailable", "The session is moving, and too many requests wait for it.",
     proxy, true},
    {"parked_too_long", 503, "Service Unavailable", "The session is moving, and has not arrived in time.",
     proxy, true},
    {"connection_limit", 503, "Service Unavailable", "There are too many connections.", proxy, true},
    {"shutting_down", 503, "Service Unavailable", "The proxy is shutting down.", proxy, true},
    {"internal_error", 500, "Internal Server Error", "The proxy made a mistake.", proxy},
}};
static_assert(table.back().status == 500, "one row a refusal");

} // namespace

const refusal_facts& facts_of(refusal r) noexcept {
  return table[static_cast<std::size_t>(r)];
}

} // namespace limpet::http
