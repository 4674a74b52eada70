#pragma once

#include <prometheus/metric_type.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace limpet::ops {

/// What /metrics tells. One row each in metrics_table.cpp, in this order.
enum class series : std::uint8_t {
  // Requests.
  requests,
  request_duration,
  refusals,
  client_aborts,
  client_timeouts,
  client_bytes,
  answers_cut,
  // Sessions.
  sticky,
  sessions_moved,
  tokens_rejected,
  sessions_spilled,
  envelopes,
  // Members.
  member_requests,
  member_failures,
  member_up,
  member_health,
  health_checks,
  health_checks_under_way,
  health_checks_waiting,
  member_ejected,
  ejections,
  ejections_withheld,
  member_connections,
  retries,
  // Connections and tunnels.
  connections,
  connections_accepted,
  connections_refused,
  accept_errors,
  upstream_connections,
  tunnels,
  tunnels_opened,
  tunnel_duration,
  buffered_bytes,
  // What is under way, and what follows its session elsewhere.
  live_streams,
  streams_waiting,
  streams_let_go,
  streams_cut,
  // Membership and views.
  membership_ready,
  membership_stale,
  membership_revision,
  membership_errors,
  membership_invalid_values,
  membership_relist_differences,
  membership_restores,
  membership_held_removals,
  membership_damped,
  membership_suspended,
  membership_guard_trips,
  membership_flaps,
  membership_refreshes,
  epoch_ahead,
  epoch_waits,
  parked,
  parked_now,
  handoffs,
  handoff_seconds,
  handoff_last_seconds,
  handoff_stage,
  fence_seconds_left,
  fenced,
  handoff_barrier_proxies,
  epoch,
  view_checksum,
  view_members,
  // The process.
  build_info,
  workers,
  draining,
  config_last_reload_successful,
  config_last_reload_timestamp,
  config_restart_needed,
  limit,
  pool_limit,
  access_log_dropped,
  access_log_write_errors,
  process_cpu,
  process_resident_memory,
  process_open_fds,
  process_max_fds,
  process_start_time,
  count_
};

inline constexpr std::size_t labels_max = 4;

struct series_row {
  series which;
  prometheus::MetricType type;
  std::string_view name;
  std::string_view help;
  std::array<std::string_view, labels_max> labels{}; ///< names; the unused ones at the end are empty
};

/// All series. The place of a row is the number of its series.
std::span<const series_row> metrics_table() noexcept;

} // namespace limpet::ops
