#include "routing/following.hpp"

namespace limpet::routing {

namespace {

using origin = placement_key::origin;

bool is_ready(const view& v, std::uint32_t member) noexcept {
  return v.members()[member].state == member_state::ready;
}

} // namespace

followed follow(const view& v, const placement_policy& policy, const placement_key& key, std::uint32_t member,
                skip_function unreachable) {
  if (member == view::npos) return {bond::removed};
  const bool ready = is_ready(v, member);
  if (key.from == origin::none && ready) return {};
  // Of a session without a key it only matters whether anybody could take it: any random number does.
  const auto p = place(v, key, policy, 0, [&](std::uint32_t m) { return m != member && unreachable(m); });
  if (p.member == view::npos || p.member == member) {
    const bool away =
        p.reason == placement_reason::failed_over || p.reason == placement_reason::owner_unreachable;
    return {bond::holds, away};
  }
  return {ready ? bond::moved : bond::draining};
}

placement_key key_after(const placement& p, const view& v, const placement_policy& policy,
                        const placement_key& key) noexcept {
  if (!p.issue) return key;
  placement_key next{origin::token, key.hash, 0, 0};
  if (policy.pin) {
    next.pin_id_hash = v.hashes(p.member).id;
    next.pin_incarnation_hash = v.hashes(p.member).incarnation;
  }
  return next;
}

bool may_move_others(const view& before, const view& after) noexcept {
  const auto old = before.members();
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < after.members().size(); ++i) {
    const member& m = after.members()[i];
    if (!is_ready(after, i)) continue;
    while (at < old.size() && old[at].id < m.id)
      ++at;
    const bool was_there = at < old.size() && old[at].id == m.id && old[at].state == member_state::ready;
    if (!was_there || old[at].weight != m.weight) return true;
  }
  return false;
}

std::string_view to_string(bond b) noexcept {
  switch (b) {
  case bond::holds:
    return "holds";
  case bond::removed:
    return "removed";
  case bond::draining:
    return "draining";
  case bond::moved:
    return "moved";
  }
  return "unknown";
}

} // namespace limpet::routing
