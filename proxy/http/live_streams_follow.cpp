// What becomes of each stream.

#include "proxy/http/live_streams.hpp"
#include "proxy/http/worker_state.hpp"

#include <algorithm>

namespace limpet::http {

using routing::bond;
using phase = live_stream::phase;

/// Its session, and where that belongs by the snapshot of now.
routing::followed live_streams::ask(const live_stream& s) const {
  auto& m = *s.member_;
  const auto* pool = m.pool.now;
  if (!pool) return {bond::removed};
  if (pool->strict) {
    const auto key = s.session();
    const bool has_key = key.from != routing::placement_key::origin::none;
    if (has_key && pool->strict->owners->moves(key.hash)) return {bond::moved};
  }
  // Where members are checked, nobody is drawn to one that has not passed yet.
  const bool must_be_proven = pool->settings.health.has_value();
  return routing::follow(pool->view, pool->placement, s.session(), index_of(m), [&](std::uint32_t member) {
    const auto& shared = *pool->targets[member].shared;
    return shared.is_failing() || (must_be_proven && !shared.is_proven());
  });
}

template <class What>
void live_streams::for_all(std::uint32_t pool, What what) {
  const auto found = pools_.find(pool);
  if (found == pools_.end()) return;
  for (auto* m : found->second.members) {
    for (auto* s : m->all.copy()) // each may leave the list when it hears of it
      what(*s);
  }
}

void live_streams::end_all(std::uint32_t pool) {
  for_all(pool, [this](live_stream& s) { end(s, parting::fenced); });
}

void live_streams::end_endless(std::uint32_t pool) {
  for_all(pool, [this](live_stream& s) {
    if (s.kind_ != stream_kind::request) return end(s, parting::fenced);
    if (s.phase_ == phase::bound) return part(s, parting::fenced, s.member_->pool.on_remove.deadline);
    s.phase_ = phase::ended;
  });
}

/// Placed by a snapshot that was replaced meanwhile, or away from its owner, who may have come back
/// meanwhile. What was a request as the fence was shut begins nothing endless behind it.
void live_streams::look_at_late(live_stream& s, bool away) {
  const auto& fence = s.member_->pool.fence;
  if (s.kind_ != stream_kind::request && fence && fence->is_shut()) return end(s, parting::fenced);
  if (away && s.kind_ != stream_kind::request) s.member_->pool.away.add(s);
  look_at(s);
}

void live_streams::look_at(live_stream& s) {
  if (s.phase_ == phase::ended) return;
  const auto told = ask(s);
  if (s.phase_ == phase::parted) { // for a hand-off that has come to nothing, it may be
    if (told.now != bond::holds || !s.stay()) return;
    s.phase_ = phase::bound;
  }
  auto& p = s.member_->pool;
  const bool is_request = s.kind_ == stream_kind::request;
  if (!is_request && told.away != p.away.has(s)) told.away ? p.away.add(s) : p.away.remove(s);
  switch (told.now) {
  case bond::holds:
    return stop_waiting(s);
  case bond::removed:
    return leave(s, parting::removed);
  case bond::draining:
    return leave(s, parting::draining);
  case bond::moved: // a request ends by itself, but a hand-off does not wait for it for ever
    if (is_request && p.now->strict) return part(s, parting::moved, p.on_remove.deadline);
    return !is_request && p.rebalance.per_second > 0 ? wait_in(p.moving, s) : stop_waiting(s);
  }
}

void live_streams::leave(live_stream& s, parting why) {
  auto& m = *s.member_;
  const auto action = m.pool.on_remove.action;
  const bool is_request = s.kind_ == stream_kind::request;
  if (action == config::removal_action::keep) return stop_waiting(s);
  if (m.is_over) return end(s, why);
  if (action == config::removal_action::close && why == parting::removed)
    return is_request ? end(s, why) : part(s, why, rest_of(m));
  if (!is_request) wait_in(m.pool.leaving, s);
}

net::milliseconds live_streams::rest_of(const member_streams& m) const noexcept {
  const auto rest = std::chrono::ceil<net::milliseconds>(m.until - worker_.wheel().now());
  return std::max(rest, net::deadline_wheel::tick);
}

void live_streams::wait_in(departures& waiting, live_stream& s) {
  if (waiting.has(s)) return;
  stop_waiting(s);
  waiting.push(s);
  auto& p = s.member_->pool;
  if (&waiting == &p.moving) p.state->waiting_to_move.fetch_add(1, std::memory_order_relaxed);
  waiting.pace.join(worker_.wheel().now(), worker_.random.next());
  arm(p, waiting);
}

void live_streams::stop_waiting(live_stream& s, pool_streams& p) noexcept {
  if (p.leaving.has(s)) return p.leaving.remove(s);
  if (!p.moving.has(s)) return;
  p.moving.remove(s);
  p.state->waiting_to_move.fetch_sub(1, std::memory_order_relaxed);
}

/// It is a tunnel or an event stream, and ends.
void live_streams::forget(live_stream& s, pool_streams& p) noexcept {
  stop_waiting(s, p);
  if (p.away.has(s)) p.away.remove(s);
}

void live_streams::part(live_stream& s, parting why, net::milliseconds within) {
  stop_waiting(s);
  s.phase_ = why == parting::fenced ? phase::ended : phase::parted;
  worker_.count(metric::streams_let_go, s.member_->pool.number, static_cast<std::uint32_t>(why));
  s.let_go(why, within); // it may be gone now
}

void live_streams::end(live_stream& s, parting why) {
  stop_waiting(s);
  s.phase_ = phase::ended;
  worker_.count(metric::streams_cut, s.member_->pool.number, static_cast<std::uint32_t>(why));
  s.end_now(why);
}

} // namespace limpet::http
