#pragma once

#include <cstdint>

namespace limpet::http {

/// Why a client's connection was closed that could not be told so, or had not begun anything to be answered.
enum class client_timeout : std::uint8_t { no_request, idle, unread };

/// What became of a value that a member issued in an envelope's field.
enum class envelope_outcome : std::uint8_t { sealed, too_long, unfit };

/// The series that workers count. Names, help texts and labels stand in proxy/ops/metrics_table.cpp, one row
/// each.
enum class metric : std::uint16_t {
  requests,            ///< route, method * 1000 + status
  refusals,            ///< refusal
  member_requests,     ///< member
  member_failures,     ///< member, refusal
  sticky,              ///< pool, routing::sticky_outcome
  sessions_moved,      ///< pool, routing::placement_reason
  tokens_rejected,     ///< pool, routing::token_state
  sessions_spilled,    ///< pool
  envelopes,           ///< pool, envelope_outcome
  ejections,           ///< member, net::misconduct
  ejections_withheld,  ///< pool
  retries,             ///< pool, 0: stale connection, 1: next member
  connections,         ///< total accepted
  connections_refused, ///< 0: limit in all, 1: per address
  accept_errors,       ///< net::accept_event
  client_bytes,        ///< 0: received, 1: sent
  tunnels_opened,      ///< route
  client_aborts,       ///< 0: before the answer, 1: in the answer
  client_timeouts,     ///< client_timeout
  answers_cut,         ///< route: the member ended in the middle of its answer
  streams_let_go,      ///< pool, parting
  streams_cut,         ///< pool, parting: past the deadline, or because nothing gentler could be done
  log_dropped,         ///< access log records
  epoch_ahead,         ///< pool, epoch_outcome
  parked,              ///< pool, ownership::parking::verdict
  // Gauges, filled in when the shard is copied.
  open_connections,
  open_tunnels,         ///< pool
  upstream_connections, ///< 0: busy, 1: idle
  buffered_bytes,
  epoch_waits,
  parked_now,             ///< pool
  live_streams,           ///< member, stream_kind
  live_streams_by_number, ///< member_target::number, stream_kind: for the page of members alone
  streams_waiting,        ///< pool
  count_
};

} // namespace limpet::http
