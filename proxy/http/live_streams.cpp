// The index, and whom a change of the view concerns.

#include "proxy/http/live_streams.hpp"

#include "proxy/http/worker_state.hpp"

#include <algorithm>
#include <array>

namespace limpet::http {

namespace {

/// With `action: close`: how long a WebSocket's ends have to answer our close frame, and an event has to end.
constexpr net::milliseconds close_grace{2'000};

} // namespace

std::string_view name_of(parting why) noexcept {
  constexpr std::array<std::string_view, partings> names{"member_removed", "member_draining", "rebalanced",
                                                         "fenced"};
  return names[static_cast<std::size_t>(why)];
}

std::string_view reason_of(parting why) noexcept {
  constexpr std::array<std::string_view, partings> reasons{"the member was removed", "the member is draining",
                                                           "the session has moved",
                                                           "the proxy may not serve this now"};
  return reasons[static_cast<std::size_t>(why)];
}

member_streams::member_streams(live_streams& of_worker, pool_streams& of, const net::member_target& member)
    : owner(of_worker), pool(of), number(member.number), label(member.label) {}

namespace {

std::shared_ptr<const net::write_fence> fence_of(const pool_snapshot& pool) {
  return pool.strict ? pool.strict->fence : nullptr;
}

} // namespace

pool_streams::pool_streams(live_streams& of_worker, const pool_snapshot& pool)
    : owner(of_worker), number(pool.number), on_remove(pool.settings.on_remove),
      rebalance(pool.settings.rebalance), state(pool.state), fence(fence_of(pool)) {}

pool_streams& live_streams::pool_of(const pool_snapshot& placed_by) {
  const auto [entry, is_new] = pools_.try_emplace(placed_by.number, *this, placed_by);
  auto& p = entry->second;
  if (!is_new || !now_) return p;
  for (const auto& pool : now_->pools)
    if (pool->number == p.number) adopt(p, *pool);
  return p;
}

/// The first stream with this member, or the first since it was forgotten.
member_streams& live_streams::enter(const listing& l) {
  auto& p = pool_of(l.pool);
  auto& m = members_.try_emplace(l.member.number, *this, p, l.member).first->second;
  m.place = static_cast<std::uint32_t>(p.members.size());
  p.members.push_back(&m);
  if (index_of(m) == routing::view::npos) p.left.push_back(m.number);
  set_deadline(m);
  return m;
}

void live_streams::becomes_event_stream(live_stream& s, std::uint64_t snapshot, bool away) {
  auto& counts = s.member_->counts;
  --counts[static_cast<std::size_t>(s.kind_)];
  s.kind_ = stream_kind::event_stream;
  ++counts[static_cast<std::size_t>(s.kind_)];
  if (snapshot != snapshot_ || away) look_at_late(s, away);
}

void live_streams::publish(const snapshot& s) {
  now_ = &s;
  snapshot_ = s.number;
  for (const auto& pool : s.pools)
    if (const auto known = pools_.find(pool->number); known != pools_.end()) adopt(known->second, *pool);
  for (auto& [number, p] : pools_)
    if (p.as_of != snapshot_) lose(p);
  std::erase_if(pools_, [](const auto& entry) {
    const auto& p = entry.second;
    return !p.now && p.members.empty() && p.jobs == 0;
  });
}

/// The pool as it is from now on. Only streams of members that turned are looked at, unless some other may
/// have another owner now; those that had failed over in either case.
void live_streams::adopt(pool_streams& p, const pool_snapshot& pool) {
  const bool has_other_deadlines = p.on_remove != pool.settings.on_remove;
  const bool concerns_all =
      !p.now || p.arrivals != pool.arrivals || has_other_deadlines || p.rebalance != pool.settings.rebalance;
  p.now = &pool;
  p.as_of = snapshot_;
  p.arrivals = pool.arrivals;
  p.on_remove = pool.settings.on_remove;
  p.rebalance = pool.settings.rebalance;
  p.fence = fence_of(pool);
  if (pool.strict && (pool.strict->owners->revision() != p.record || has_other_deadlines)) {
    p.record = pool.strict->owners->revision();
    p.move_by = worker_.wheel().now() + p.on_remove.deadline;
  }
  if (p.state != pool.state) { // the configuration had lost it in between
    p.state->waiting_to_move -= p.moving.size();
    pool.state->waiting_to_move += p.moving.size();
    p.state = pool.state;
  }
  if (has_other_deadlines) // which count from now on
    for (auto* m : p.members)
      set_deadline(*m);
  for (const auto number : pool.turned)
    if (const auto known = members_.find(number); known != members_.end()) turn(known->second);
  if (concerns_all)
    for (auto* m : p.members)
      begin({job::what::scan_member, &p, m});
  if (concerns_all || !pool.turned.empty()) begin({job::what::scan_away, &p});
  sweep(p);
}

/// The configuration has it no more: all its members have left.
void live_streams::lose(pool_streams& p) {
  if (std::exchange(p.now, nullptr))
    for (std::size_t i = p.members.size(); i-- > 0;)
      turn(*p.members[i]);
  sweep(p);
}

/// It came, left, began to drain or ceased to.
void live_streams::turn(member_streams& m) {
  if (index_of(m) == routing::view::npos) m.pool.left.push_back(m.number);
  set_deadline(m);
  begin({job::what::scan_member, &m.pool, &m});
}

std::uint32_t live_streams::index_of(member_streams& m) const noexcept {
  if (m.as_of != snapshot_) {
    const auto* place = now_->find(m.number);
    m.index = place ? place->index : routing::view::npos;
    m.as_of = snapshot_;
  }
  return m.index;
}

void live_streams::set_deadline(member_streams& m) noexcept {
  const auto& policy = m.pool.on_remove;
  const auto index = index_of(m);
  const bool is_gone = index == routing::view::npos;
  const bool leaves = is_gone || m.pool.now->view.members()[index].state == routing::member_state::draining;
  m.is_over = false;
  if (!leaves || policy.action == config::removal_action::keep) return m.deadline.disarm();
  const bool at_once = is_gone && policy.action == config::removal_action::close;
  const auto within = at_once ? std::min(close_grace, policy.deadline) : policy.deadline;
  m.until = worker_.wheel().now() + within;
  m.deadline.arm(worker_.wheel(), within, &on_deadline, &m);
}

void live_streams::on_deadline(void* member) noexcept {
  auto& m = *static_cast<member_streams*>(member);
  m.is_over = true;
  m.owner.begin({job::what::scan_member, &m.pool, &m});
}

/// Forgets members that left and have no streams any more.
void live_streams::sweep(pool_streams& p) {
  if (p.jobs > 0) return;
  std::erase_if(p.left, [&](std::uint32_t number) {
    const auto known = members_.find(number);
    if (known == members_.end()) return true;
    auto& m = known->second;
    if (index_of(m) != routing::view::npos) return true; // it came back
    if (!m.all.empty()) return false;
    auto* last = p.members.back();
    p.members[m.place] = last;
    last->place = m.place;
    p.members.pop_back();
    members_.erase(known);
    return true;
  });
}

void live_streams::look_for_recoveries() {
  for (auto& [number, p] : pools_) {
    if (p.away.empty()) continue;
    const auto now = p.state->recoveries.load(std::memory_order_acquire);
    if (std::exchange(p.recoveries, now) != now) begin({job::what::scan_away, &p});
  }
}

void live_streams::sample(net::counter_shard& into) const {
  const auto gauge = [&](metric m, std::uint32_t a, std::size_t b, std::size_t value) {
    into.add(static_cast<std::uint16_t>(m), a, static_cast<std::uint32_t>(b), value);
  };
  for (const auto& [number, m] : members_)
    for (std::size_t kind = 0; kind < stream_kinds; ++kind) {
      if (m.counts[kind] == 0) continue;
      gauge(metric::live_streams, m.label, kind, m.counts[kind]);
      gauge(metric::live_streams_by_number, number, kind, m.counts[kind]);
    }
  for (const auto& [number, p] : pools_)
    gauge(metric::streams_waiting, number, 0, p.leaving.size() + p.moving.size());
}

} // namespace limpet::http
