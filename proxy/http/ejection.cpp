#include "proxy/http/ejection.hpp"

namespace limpet::http {

namespace {

using kind = sentence::kind;

/// Counted anew each time, so that no count can go wrong: ejections end by themselves, and members come and
/// go.
bool has_room(const pool_snapshot& pool, std::uint32_t member, net::clock::time_point now) noexcept {
  const auto members = pool.view.members();
  std::uint64_t ready = 0;
  std::uint64_t ejected = 0;
  bool is_another_left = false;
  for (std::uint32_t i = 0; i < pool.targets.size(); ++i) {
    const auto& shared = *pool.targets[i].shared;
    if (shared.answers.ejected(now)) ++ejected;
    if (members[i].state != routing::member_state::ready) continue;
    ++ready;
    is_another_left = is_another_left || (i != member && shared.reachable(now));
  }
  return is_another_left && ejected < pool.ejection.most_of(ready);
}

sentence decide(const pool_snapshot& pool, std::uint32_t member, net::clock::time_point now) noexcept {
  auto& shared = *pool.targets[member].shared;
  if (!shared.reachable(now)) return {}; // it is left alone already, perhaps by another worker just now
  if (has_room(pool, member, now)) return {kind::ejected, shared.answers.eject(pool.ejection, now)};
  shared.answers.let_off();
  return {kind::withheld, {}};
}

} // namespace

sentence judge(const pool_snapshot& pool, std::uint32_t member, net::misconduct what,
               net::clock::time_point began, net::clock::time_point now) noexcept {
  if (!pool.targets[member].shared->answers.bad(pool.ejection, what, began, now)) return {};
  auto& is_ejecting = pool.state->is_ejecting;
  if (is_ejecting.exchange(true, std::memory_order_acquire)) return {};
  const auto decided = decide(pool, member, now);
  is_ejecting.store(false, std::memory_order_release);
  return decided;
}

} // namespace limpet::http
