#include "proxy/ops/metrics_parts.hpp"

#include <utility>

namespace limpet::ops {

namespace {

using clock = std::chrono::steady_clock;

double in_seconds(config::milliseconds time) noexcept {
  return std::chrono::duration<double>(time).count();
}

void add_view(sample_set& set, const http::pool_snapshot& p) {
  const auto& name = p.settings.name;
  set.add(series::epoch, {name}, static_cast<double>(p.view.epoch()));
  set.add(series::view_checksum, {name}, static_cast<double>(p.view.checksum()));
  double draining = 0;
  for (const auto& m : p.view.members())
    if (m.state == routing::member_state::draining) ++draining;
  set.add(series::view_members, {name, "ready"}, static_cast<double>(p.view.members().size()) - draining);
  set.add(series::view_members, {name, "draining"}, draining);
}

void add_checks(sample_set& set, const pool_facts& facts) {
  const auto& pool = facts.pool->settings.name;
  const auto members = facts.pool->view.members();
  for (std::size_t i = 0; i < members.size() && i < facts.checks.size(); ++i) {
    const auto& checks = facts.checks[i];
    set.add(series::member_health, {pool, members[i].id}, checks.verdict != check_verdict::unhealthy);
    set.add(series::health_checks, {pool, members[i].id, "passed"}, static_cast<double>(checks.passed));
    set.add(series::health_checks, {pool, members[i].id, "failed"}, static_cast<double>(checks.failed));
  }
}

void add_members(sample_set& set, const http::pool_snapshot& p, clock::time_point now) {
  const auto members = p.view.members();
  for (std::size_t i = 0; i < members.size() && i < p.targets.size(); ++i) {
    const auto& shared = p.targets[i].shared;
    if (!shared) continue;
    set.add(series::member_up, {p.settings.name, members[i].id}, shared->reachable(now));
    set.add(series::member_ejected, {p.settings.name, members[i].id}, shared->answers.ejected(now));
    set.add(series::member_connections, {p.settings.name, members[i].id},
            shared->connections.load(std::memory_order_relaxed));
  }
}

void add_limits(sample_set& set, const http::snapshot& snapshot) {
  const auto& limits = snapshot.limits;
  const auto& timeouts = snapshot.timeouts;
  const std::pair<std::string_view, double> named[] = {
      {"connections", limits.connections},
      {"connections_per_address", limits.connections_per_address},
      {"request_line_bytes", static_cast<double>(limits.request_line_bytes)},
      {"header_bytes", static_cast<double>(limits.header_bytes)},
      {"header_count", limits.header_count},
      {"body_bytes", static_cast<double>(limits.body_bytes)},
      {"replay_bytes", static_cast<double>(limits.replay_bytes)},
      {"epoch_waits", limits.epoch_waits},
      {"header_seconds", in_seconds(timeouts.header)},
      {"body_seconds", in_seconds(timeouts.body)},
      {"idle_seconds", in_seconds(timeouts.idle)},
  };
  for (const auto& [name, value] : named)
    set.add(series::limit, {name}, value);
}

void add_pool_limits(sample_set& set, const http::pool_snapshot& p) {
  const auto& limits = p.settings.limits;
  const auto& timeouts = p.settings.timeouts;
  const std::pair<std::string_view, double> named[] = {
      {"connections_per_member", limits.connections_per_member},
      {"idle_per_member", limits.idle_per_member},
      {"header_bytes", static_cast<double>(limits.header_bytes)},
      {"key_bytes", p.settings.session.key_bytes_max},
      {"connect_seconds", in_seconds(timeouts.connect)},
      {"answer_seconds", in_seconds(timeouts.answer)},
      {"body_seconds", in_seconds(timeouts.body)},
      {"upstream_idle_seconds", in_seconds(timeouts.upstream_idle)},
      {"tunnel_idle_seconds", in_seconds(timeouts.tunnel_idle)},
      {"tunnel_half_closed_seconds", in_seconds(timeouts.tunnel_half_closed)},
      {"tunnel_lifetime_seconds", in_seconds(timeouts.tunnel_lifetime)},
  };
  for (const auto& [name, value] : named)
    set.add(series::pool_limit, {p.settings.name, name}, value);
}

/// A pool without rails shows zeros: an alert need not know which pools have some.
void add_rails(sample_set& set, const pool_facts& facts) {
  const auto& name = facts.pool->settings.name;
  const auto rails = facts.rails.value_or(membership::rails_status{});
  set.add(series::membership_restores, {name}, static_cast<double>(facts.source.restores));
  set.add(series::membership_held_removals, {name}, static_cast<double>(rails.held.size()));
  set.add(series::membership_damped, {name}, static_cast<double>(rails.damped.size()));
  set.add(series::membership_suspended, {name}, rails.suspended.has_value());
  set.add(series::membership_guard_trips, {name}, static_cast<double>(rails.guard_trips));
  set.add(series::membership_flaps, {name}, static_cast<double>(rails.flaps));
}

void add_handoff(sample_set& set, const std::string& name, const membership::handoff_status& h) {
  set.add(series::handoffs, {name}, static_cast<double>(h.commits));
  set.add(series::handoff_seconds, {name}, in_seconds(h.prepared_for));
  set.add(series::handoff_last_seconds, {name}, in_seconds(h.last_handoff));
  set.add(series::handoff_stage, {name}, static_cast<double>(h.stage()));
  set.add(series::fence_seconds_left, {name}, in_seconds(h.fence_left));
  set.add(series::fenced, {name}, h.fence_left.count() == 0);
}

void add_pool(sample_set& set, const pool_facts& facts, clock::time_point now) {
  if (!facts.pool) return;
  const auto& name = facts.pool->settings.name;
  const auto& source = facts.source;
  set.add(series::membership_ready, {name}, source.ready);
  set.add(series::membership_stale, {name}, source.stale);
  set.add(series::membership_revision, {name}, static_cast<double>(source.revision));
  set.add(series::membership_errors, {name}, static_cast<double>(source.errors));
  set.add(series::membership_invalid_values, {name}, static_cast<double>(source.invalid_values));
  set.add(series::membership_relist_differences, {name}, static_cast<double>(source.relist_differences));
  if (!facts.handoff)
    set.add(series::handoff_barrier_proxies, {name}, static_cast<double>(source.barrier_proxies.size()));
  add_rails(set, facts);
  if (facts.handoff) add_handoff(set, name, *facts.handoff);
  set.add(series::membership_refreshes, {name}, static_cast<double>(source.refreshes));
  add_view(set, *facts.pool);
  add_members(set, *facts.pool, now);
  add_checks(set, facts);
  add_pool_limits(set, *facts.pool);
}

void add_process(sample_set& set, const process_facts& facts, const process_usage& usage) {
  set.add(series::build_info, {facts.version}, 1);
  set.add(series::workers, {}, facts.workers);
  set.add(series::draining, {}, facts.draining);
  set.add(series::config_last_reload_successful, {}, facts.last_reload_ok);
  set.add(series::config_last_reload_timestamp, {}, static_cast<double>(facts.last_reload_unix_s));
  set.add(series::config_restart_needed, {}, static_cast<double>(facts.restart_needed.size()));
  set.add(series::access_log_dropped, {}, static_cast<double>(facts.access_log_dropped));
  set.add(series::access_log_write_errors, {}, static_cast<double>(facts.access_log_failed));
  set.add(series::health_checks_under_way, {}, static_cast<double>(facts.health_checks_under_way));
  set.add(series::health_checks_waiting, {}, static_cast<double>(facts.health_checks_waiting));
  set.add(series::process_cpu, {}, usage.cpu_seconds);
  set.add(series::process_resident_memory, {}, usage.resident_bytes);
  set.add(series::process_open_fds, {}, usage.open_fds);
  set.add(series::process_max_fds, {}, usage.max_fds);
  set.add(series::process_start_time, {}, usage.start_unix_seconds);
}

} // namespace

void add_control_facts(sample_set& set, const metrics_input& in) {
  for (const auto& facts : in.pools)
    add_pool(set, facts, in.now);
  if (in.snapshot) add_limits(set, *in.snapshot);
  add_process(set, in.facts, in.usage);
}

} // namespace limpet::ops
