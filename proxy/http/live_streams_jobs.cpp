// When the streams are looked at and let go: a few at a time.

#include "proxy/http/live_streams.hpp"
#include "proxy/http/worker_state.hpp"

namespace limpet::http {

namespace {

/// How long the others wait for a slice. What is done in one step may be a close frame to two sockets.
constexpr std::chrono::microseconds slice_length{200};
constexpr unsigned steps_a_look = 8; ///< at the clock
constexpr int looks_at_others = 8;   ///< in the time that a hand-off has left

/// A hand-off waits for those whose session moves.
bool is_awaited(const pool_streams& p) noexcept {
  return p.now && p.now->strict;
}

} // namespace

class live_streams::slice {
public:
  bool is_over() noexcept { return ++steps_ % steps_a_look == 0 && net::clock::now() >= end_; }

private:
  net::clock::time_point end_ = net::clock::now() + slice_length;
  unsigned steps_ = 0;
};

bool& live_streams::is_queued(const job& j) noexcept {
  switch (j.kind) {
  case job::what::scan_member:
    return j.member->is_queued;
  case job::what::scan_away:
    return j.pool->is_away_queued;
  case job::what::release_leaving:
    return j.pool->is_leaving_queued;
  case job::what::release_moving:
    break;
  }
  return j.pool->is_moving_queued;
}

void live_streams::begin(const job& j) {
  if (j.kind == job::what::scan_member) j.member->all.begin_scan();
  if (j.kind == job::what::scan_away) j.pool->away.begin_scan();
  if (std::exchange(is_queued(j), true)) return;
  jobs_.push_back(j);
  ++j.pool->jobs;
  defer_slice();
}

void live_streams::defer_slice() {
  if (!std::exchange(is_slice_due_, true)) worker_.loop.defer([this] { run_slice(); });
}

void live_streams::run_slice() {
  is_slice_due_ = false;
  slice now;
  while (!jobs_.empty()) {
    const auto j = jobs_.front();
    if (!advance(j, now)) return defer_slice();
    jobs_.pop_front();
    is_queued(j) = false;
    --j.pool->jobs;
  }
}

/// False where the slice is over first.
bool live_streams::advance(const job& j, slice& now) {
  switch (j.kind) {
  case job::what::scan_member:
    if (!scan(j.member->all, now)) return false;
    j.member->is_over = false;
    return true;
  case job::what::scan_away:
    return scan(j.pool->away, now);
  case job::what::release_leaving:
    return release(*j.pool, j.pool->leaving, now);
  case job::what::release_moving:
    return release(*j.pool, j.pool->moving, now);
  }
  return true;
}

bool live_streams::scan(stream_list& list, slice& now) {
  while (auto* s = list.scan()) {
    look_at(*s);
    if (now.is_over()) return false;
  }
  return true;
}

/// Lets go of those whose time it is. At that moment they are asked once more: the member may be back.
bool live_streams::release(pool_streams& p, departures& waiting, slice& now) {
  const auto time = worker_.wheel().now();
  while (!waiting.empty()) {
    const auto how = pace_of(p, waiting);
    if (waiting.pace.next(how, pacer_of(p, waiting), time) > time) {
      arm(p, waiting);
      return true;
    }
    auto& s = waiting.front();
    look_at(s);
    if (!waiting.empty() && &waiting.front() == &s) {
      waiting.pace.gone(how, time, worker_.random.next());
      auto& m = *s.member_;
      if (&waiting == &p.moving)
        part(s, parting::moved, p.on_remove.deadline);
      else
        part(s, index_of(m) == routing::view::npos ? parting::removed : parting::draining, rest_of(m));
    }
    if (now.is_over()) return false;
  }
  return true;
}

void live_streams::arm(pool_streams& p, departures& waiting) {
  const auto now = worker_.wheel().now();
  auto at = waiting.pace.next(pace_of(p, waiting), pacer_of(p, waiting), now);
  // As more wait on other workers, the time may come sooner than it would by now.
  if (&waiting == &p.moving && is_awaited(p)) at = std::min(at, now + left_to_move(p) / looks_at_others);
  const auto after = std::max(std::chrono::ceil<net::milliseconds>(at - now), net::milliseconds(1));
  waiting.due.arm(worker_.wheel(), after, &waiting == &p.moving ? &on_moving_due : &on_leaving_due, &p);
}

/// Until all are to have been let go that a hand-off moves.
net::clock::duration live_streams::left_to_move(const pool_streams& p) const noexcept {
  return std::max(p.move_by - worker_.wheel().now(), net::clock::duration(0));
}

departure_pace::settings live_streams::pace_of(const pool_streams& p,
                                               const departures& waiting) const noexcept {
  if (&waiting == &p.leaving)
    return {p.on_remove.per_second, p.on_remove.deadline / 2, p.on_remove.jitter_percent};
  const departure_pace::settings rate{p.rebalance.per_second, {}, p.rebalance.jitter_percent};
  if (!is_awaited(p)) return rate;
  const auto all = p.state->waiting_to_move.load(std::memory_order_relaxed);
  return in_time(rate, {waiting.size(), all, left_to_move(p)});
}

pacer& live_streams::pacer_of(const pool_streams& p, const departures& waiting) noexcept {
  return &waiting == &p.moving ? p.state->moving : p.state->leaving;
}

void live_streams::on_leaving_due(void* pool) noexcept {
  auto& p = *static_cast<pool_streams*>(pool);
  p.owner.begin({job::what::release_leaving, &p});
}

void live_streams::on_moving_due(void* pool) noexcept {
  auto& p = *static_cast<pool_streams*>(pool);
  p.owner.begin({job::what::release_moving, &p});
}

} // namespace limpet::http
