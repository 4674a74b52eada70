#include "proxy/http/live_stream.hpp"
#include "proxy/http/message.hpp"
#include "proxy/http/metrics.hpp"
#include "proxy/http/refusal.hpp"
#include "proxy/ops/metrics_parts.hpp"
#include "routing/ownership/parking.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace limpet::ops {

namespace {

using http::metric;

constexpr auto refusal_count = static_cast<std::uint32_t>(http::refusal::count_);

/// Why an attempt at a member fails.
constexpr std::array member_failures{http::refusal::connect_failed,      http::refusal::connect_timeout,
                                     http::refusal::member_closed_early, http::refusal::malformed_answer,
                                     http::refusal::answer_timeout,      http::refusal::upstream_limit};

constexpr std::array misconducts{net::misconduct::closed_early, net::misconduct::malformed_answer,
                                 net::misconduct::answer_timeout, net::misconduct::server_error};

/// Why a session is elsewhere than it was: its pinned member left the view, or its member is unreachable.
constexpr std::array move_reasons{routing::placement_reason::owner, routing::placement_reason::failed_over};

/// In the order of http::envelope_outcome.
constexpr std::array<std::string_view, 3> envelope_outcomes{"sealed", "too_long", "unfit"};

constexpr std::array rejected_tokens{routing::token_state::expired, routing::token_state::forged,
                                     routing::token_state::garbled};

/// In the order of http::client_timeout.
constexpr std::array<std::string_view, 3> client_timeouts{"no_request", "idle", "unread"};

/// In the order of http::epoch_outcome.
constexpr std::array<std::string_view, http::epoch_outcomes> epoch_outcomes{"read",    "behind",  "failed",
                                                                            "timeout", "limited", "given_up"};

/// In the order of http::parting and of http::stream_kind.
constexpr std::array<std::string_view, http::partings> partings{"removed", "draining", "moved", "fenced"};
constexpr std::array<std::string_view, http::stream_kinds> stream_kinds{"request", "event_stream", "tunnel"};

std::string_view parting_name(std::uint32_t number) noexcept {
  return partings[std::min<std::size_t>(number, partings.size() - 1)];
}

std::string_view stream_kind_name(std::uint32_t number) noexcept {
  return stream_kinds[std::min<std::size_t>(number, stream_kinds.size() - 1)];
}

std::string_view refusal_name(std::uint32_t number) noexcept {
  return number < refusal_count ? http::facts_of(static_cast<http::refusal>(number)).name : "unknown";
}

std::string_view choose(std::uint32_t number, std::string_view zero, std::string_view one) noexcept {
  return number == 0 ? zero : one;
}

class worker_collector {
public:
  worker_collector(sample_set& set, const metrics_input& in) : set_(set), in_(in) {}
  void run();

private:
  void add_counter(metric m, std::uint32_t a, std::uint32_t b, double value);
  void add_request(std::uint32_t route, std::uint32_t method_and_status, double value);
  template <class Number>
  void show(metric m, std::uint32_t a, Number b) {
    add_counter(m, a, static_cast<std::uint32_t>(b), 0);
  }
  void show_counters();
  void show_counters_of(const http::route_snapshot& r);
  void show_counters_of(const http::pool_snapshot& p);

  const http::label_names::route& route(std::uint32_t number) const {
    return named(in_.labels.routes, number);
  }
  const std::string& pool(std::uint32_t number) const { return named(in_.labels.pools, number); }
  const http::label_names::member& member(std::uint32_t number) const {
    return named(in_.labels.members, number);
  }
  template <class Name>
  static const Name& named(const std::vector<Name>& known, std::uint32_t number) {
    return known[number < known.size() ? number : 0];
  }

  sample_set& set_;
  const metrics_input& in_;
};

void worker_collector::run() {
  show_counters();
  const auto& counters = in_.counters;
  for (const auto& [key, value] : counters.values)
    add_counter(static_cast<metric>(net::counter_shard::metric_of(key)), net::counter_shard::first_of(key),
                net::counter_shard::second_of(key), static_cast<double>(value));
  for (const auto& [number, counts] : counters.request_seconds)
    set_.add(series::request_duration, {route(number).name}, counts, net::counter_shard::request_bounds);
  for (const auto& [number, counts] : counters.tunnel_seconds)
    set_.add(series::tunnel_duration, {route(number).name}, counts, net::counter_shard::tunnel_bounds);
}

void worker_collector::add_request(std::uint32_t route_number, std::uint32_t method_and_status,
                                   double value) {
  const auto method = std::min(method_and_status / 1000, static_cast<std::uint32_t>(http::method::other));
  const auto code = std::to_string(method_and_status % 1000);
  const auto& r = route(route_number);
  set_.add(series::requests, {r.name, r.pool, http::name_of(static_cast<http::method>(method)), code}, value);
}

void worker_collector::add_counter(metric m, std::uint32_t a, std::uint32_t b, double value) {
  switch (m) {
  case metric::requests:
    return add_request(a, b, value);
  case metric::refusals:
    return set_.add(series::refusals, {refusal_name(a)}, value);
  case metric::member_requests:
    return set_.add(series::member_requests, {member(a).pool, member(a).id}, value);
  case metric::member_failures:
    return set_.add(series::member_failures, {member(a).pool, member(a).id, refusal_name(b)}, value);
  case metric::ejections:
    return set_.add(series::ejections,
                    {member(a).pool, member(a).id, net::to_string(static_cast<net::misconduct>(b))}, value);
  case metric::ejections_withheld:
    return set_.add(series::ejections_withheld, {pool(a)}, value);
  case metric::sticky:
    return set_.add(series::sticky, {pool(a), to_string(static_cast<routing::sticky_outcome>(b))}, value);
  case metric::sessions_moved:
    return set_.add(series::sessions_moved, {pool(a), to_string(static_cast<routing::placement_reason>(b))},
                    value);
  case metric::tokens_rejected:
    return set_.add(series::tokens_rejected, {pool(a), to_string(static_cast<routing::token_state>(b))},
                    value);
  case metric::sessions_spilled:
    return set_.add(series::sessions_spilled, {pool(a)}, value);
  case metric::envelopes:
    return set_.add(series::envelopes, {pool(a), envelope_outcomes[std::min<std::size_t>(b, 2)]}, value);
  case metric::retries:
    return set_.add(series::retries, {pool(a), choose(b, "stale", "next")}, value);
  case metric::connections:
    return set_.add(series::connections_accepted, {}, value);
  case metric::connections_refused:
    return set_.add(series::connections_refused, {choose(a, "total", "per_address")}, value);
  case metric::accept_errors:
    return set_.add(series::accept_errors, {choose(a, "out_of_descriptors", "failed")}, value);
  case metric::client_bytes:
    return set_.add(series::client_bytes, {choose(a, "received", "sent")}, value);
  case metric::tunnels_opened:
    return set_.add(series::tunnels_opened, {route(a).name}, value);
  case metric::client_aborts:
    return set_.add(series::client_aborts, {}, value);
  case metric::client_timeouts:
    return set_.add(series::client_timeouts, {client_timeouts[std::min<std::size_t>(a, 2)]}, value);
  case metric::answers_cut:
    return set_.add(series::answers_cut, {route(a).name}, value);
  case metric::streams_let_go:
    return set_.add(series::streams_let_go, {pool(a), parting_name(b)}, value);
  case metric::streams_cut:
    return set_.add(series::streams_cut, {pool(a), parting_name(b)}, value);
  case metric::live_streams:
    return set_.add(series::live_streams, {member(a).pool, member(a).id, stream_kind_name(b)}, value);
  case metric::streams_waiting:
    return set_.add(series::streams_waiting, {pool(a)}, value);
  case metric::log_dropped:
    return set_.add(series::access_log_dropped, {}, value);
  case metric::epoch_ahead:
    return set_.add(series::epoch_ahead, {pool(a), epoch_outcomes[std::min(b, http::epoch_outcomes - 1)]},
                    value);
  case metric::open_connections:
    return set_.add(series::connections, {}, value);
  case metric::open_tunnels:
    return set_.add(series::tunnels, {pool(a)}, value);
  case metric::upstream_connections:
    return set_.add(series::upstream_connections, {choose(a, "busy", "idle")}, value);
  case metric::buffered_bytes:
    return set_.add(series::buffered_bytes, {}, value);
  case metric::epoch_waits:
    return set_.add(series::epoch_waits, {}, value);
  case metric::parked:
    return set_.add(series::parked, {pool(a), to_string(static_cast<ownership::parking::verdict>(b))}, value);
  case metric::parked_now:
    return set_.add(series::parked_now, {pool(a)}, value);
  case metric::live_streams_by_number: // the labels' are told
  case metric::count_:
    break;
  }
}

void worker_collector::show_counters() {
  for (std::uint32_t r = 1; r < refusal_count; ++r)
    show(metric::refusals, r, 0);
  for (const auto m : {metric::connections, metric::client_aborts, metric::open_connections,
                       metric::buffered_bytes, metric::log_dropped, metric::epoch_waits})
    show(m, 0, 0);
  for (const auto m : {metric::connections_refused, metric::accept_errors, metric::client_bytes,
                       metric::upstream_connections})
    for (const std::uint32_t kind : {0, 1})
      show(m, kind, 0);
  for (std::uint32_t why = 0; why < client_timeouts.size(); ++why)
    show(metric::client_timeouts, why, 0);
  if (!in_.snapshot) return;
  for (const auto& r : in_.snapshot->routes)
    show_counters_of(r);
  for (const auto& p : in_.snapshot->pools)
    show_counters_of(*p);
}

void worker_collector::show_counters_of(const http::route_snapshot& r) {
  show(metric::tunnels_opened, r.number, 0);
  show(metric::answers_cut, r.number, 0);
  const auto& name = route(r.number).name;
  set_.add(series::request_duration, {name}, net::counter_shard::request_histogram{},
           net::counter_shard::request_bounds);
  set_.add(series::tunnel_duration, {name}, net::counter_shard::tunnel_histogram{},
           net::counter_shard::tunnel_bounds);
}

void worker_collector::show_counters_of(const http::pool_snapshot& p) {
  using enum routing::sticky_outcome;
  for (const auto outcome : {hit, new_, moved, routing::sticky_outcome::none})
    show(metric::sticky, p.number, outcome);
  for (const auto reason : move_reasons)
    show(metric::sessions_moved, p.number, reason);
  if (p.settings.session.issued) {
    for (const auto state : rejected_tokens)
      show(metric::tokens_rejected, p.number, state);
  }
  if (p.placement.bounded_load_thousandths > 0) {
    show(metric::sessions_spilled, p.number, 0);
    show(metric::sessions_moved, p.number, routing::placement_reason::spilled);
  }
  if (!p.envelopes.empty()) {
    show(metric::tokens_rejected, p.number, routing::token_state::forged);
    for (std::uint32_t outcome = 0; outcome < envelope_outcomes.size(); ++outcome)
      show(metric::envelopes, p.number, outcome);
  }
  if (p.settings.session.issued || !p.envelopes.empty()) {
    for (std::uint32_t outcome = 0; outcome < epoch_outcomes.size(); ++outcome)
      show(metric::epoch_ahead, p.number, outcome);
  }
  for (const auto kind : {0, 1})
    show(metric::retries, p.number, kind);
  show(metric::open_tunnels, p.number, 0);
  show(metric::ejections_withheld, p.number, 0);
  show(metric::streams_waiting, p.number, 0);
  for (std::uint32_t why = 0; why < partings.size(); ++why)
    for (const auto m : {metric::streams_let_go, metric::streams_cut})
      show(m, p.number, why);
  for (const auto& target : p.targets) {
    show(metric::member_requests, target.label, 0);
    for (const auto why : member_failures)
      show(metric::member_failures, target.label, why);
    for (const auto what : misconducts)
      show(metric::ejections, target.label, what);
    for (std::uint32_t kind = 0; kind < stream_kinds.size(); ++kind)
      show(metric::live_streams, target.label, kind);
  }
}

} // namespace

void add_worker_counters(sample_set& set, const metrics_input& in) {
  worker_collector(set, in).run();
}

} // namespace limpet::ops
