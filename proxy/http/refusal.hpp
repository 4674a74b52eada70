#pragma once

#include <cstdint>
#include <string_view>

namespace limpet::http {

/// Why a message was not accepted, or a request not answered by its member. Metrics and the access log use
/// the names, the client gets the status and a short text that says nothing of the inside.
enum class refusal : std::uint8_t {
  none,
  // The client's message.
  malformed_head,
  malformed_host,
  malformed_target,
  ambiguous_path,
  ambiguous_framing,
  malformed_body,
  unsupported_version,
  unsupported_transfer_coding,
  unsupported_method,
  request_line_too_long,
  header_too_large,
  body_too_large,
  malformed_upgrade,
  malformed_key,
  forged_envelope,
  header_timeout,
  body_timeout,
  // Routing.
  no_route,
  no_session_key,
  no_members,
  // The member.
  owner_unreachable,
  member_gone,
  member_unknown,
  connect_failed,
  connect_timeout,
  member_closed_early,
  malformed_answer,
  answer_timeout,
  member_removed,
  upstream_limit,
  // The hand-off (`handoff: barrier`).
  fenced,
  parking_full,
  parked_too_long,
  // Ourselves.
  connection_limit,
  shutting_down,
  internal_error,
  count_
};

/// Whose fault it is, and how the client hears of it.
enum class fault : std::uint8_t { client, member, proxy };

struct refusal_facts {
  std::string_view name;   ///< in metrics and logs
  unsigned status;         ///< 0: nothing can be said any more, or nothing went wrong
  std::string_view reason; ///< the status line's
  std::string_view text;   ///< for the client, a sentence
  fault whose;
  bool retry_after = false;
};

const refusal_facts& facts_of(refusal r) noexcept;

} // namespace limpet::http
