#include "routing/placement.hpp"

namespace limpet::routing {
namespace {

using origin = placement_key::origin;

/// What a token that is issued now says of `member`.
view::member_hashes wanted_pin(const view& v, const placement_policy& policy, std::uint32_t member) noexcept {
  return policy.pin ? v.hashes(member) : view::member_hashes{0, 0};
}

bool names(const placement_key& key, const view::member_hashes& pin) noexcept {
  return key.pin_id_hash == pin.id && key.pin_incarnation_hash == pin.incarnation;
}

/// The member that the key's pin names, if the pin counts and the view still has it.
std::uint32_t pinned_member(const view& v, const placement_key& key,
                            const placement_policy& policy) noexcept {
  const bool counts = policy.pin || key.from == origin::envelope;
  if (!counts || key.pin_id_hash == 0) return view::npos;
  const std::uint32_t m = v.find_by_id_hash(key.pin_id_hash);
  return m != view::npos && names(key, v.hashes(m)) ? m : view::npos;
}

placement chosen(std::uint32_t member, placement_reason reason) noexcept {
  return {member, reason};
}

placement none(placement_reason reason) noexcept {
  return {view::npos, reason};
}

/// The next member of the ranking, for a session whose own is unreachable.
placement next_member(const view& v, std::uint64_t hash, skip_function unreachable) {
  const std::uint32_t m = owner(v, hash, unreachable);
  return m == view::npos ? none(placement_reason::owner_unreachable)
                         : chosen(m, placement_reason::failed_over);
}

/// A session that has no member yet and is kept where it goes: to the first of its ranking that has room.
placement place_new(const view& v, std::uint64_t hash, const placement_policy& policy,
                    skip_function unreachable, load_function busy, placement_reason as_ranked) {
  const std::uint32_t first = owner(v, hash, unreachable);
  if (first == view::npos) return none(placement_reason::owner_unreachable);
  if (policy.bounded_load_thousandths == 0) return chosen(first, as_ranked);
  const load_bound bound(v, policy.bounded_load_thousandths, unreachable, busy);
  const auto has_room = [&](std::uint32_t m) { return bound.has_room(busy(m), v.members()[m].weight); };
  if (has_room(first)) return chosen(first, as_ranked);
  const std::uint32_t m = owner(v, hash, [&](std::uint32_t i) { return unreachable(i) || !has_room(i); });
  // None has room only where loads changed meanwhile.
  return m == view::npos ? chosen(first, as_ranked) : chosen(m, placement_reason::spilled);
}

placement balance(const view& v, const placement_policy& policy, std::uint64_t random,
                  skip_function unreachable, load_function busy) {
  if (policy.without_key == no_key::refuse) return none(placement_reason::no_key_refused);
  if (v.classes().empty()) return none(placement_reason::no_members);
  return place_new(v, random, policy, unreachable, busy, placement_reason::balanced);
}

placement choose(const view& v, const placement_key& key, const placement_policy& policy,
                 skip_function unreachable, load_function busy) {
  const bool may_move = policy.on_unreachable == fail_over::next;
  if (const std::uint32_t m = pinned_member(v, key, policy); m != view::npos) {
    if (!unreachable(m)) return chosen(m, placement_reason::pin);
    return may_move ? next_member(v, key.hash, unreachable) : none(placement_reason::owner_unreachable);
  }
  if (key.from == origin::envelope && !may_move) return none(placement_reason::member_gone);
  const std::uint32_t first = owner(v, key.hash);
  if (first == view::npos) return none(placement_reason::no_members);
  const bool is_first = !unreachable(first);
  const bool is_free =
      policy.pin && (key.from == origin::fresh || (key.from == origin::token && key.pin_id_hash != 0));
  if (is_free && policy.bounded_load_thousandths != 0)
    return place_new(v, key.hash, policy, unreachable, busy,
                     is_first ? placement_reason::owner : placement_reason::failed_over);
  if (is_first) return chosen(first, placement_reason::owner);
  return may_move || is_free ? next_member(v, key.hash, unreachable)
                             : none(placement_reason::owner_unreachable);
}

sticky_outcome outcome(const view& v, const placement_key& key, const placement& p) noexcept {
  if (key.from == origin::fresh) return sticky_outcome::new_;
  const bool stayed =
      key.pin_id_hash != 0 ? names(key, v.hashes(p.member)) : p.reason != placement_reason::failed_over;
  return stayed ? sticky_outcome::hit : sticky_outcome::moved;
}

bool must_issue(const view& v, const placement_key& key, const placement_policy& policy,
                const placement& p) noexcept {
  if (key.from == origin::fresh) return true;
  return key.from == origin::token && !names(key, wanted_pin(v, policy, p.member));
}

} // namespace

placement_key placement_key::of_token(const session_token& token) noexcept {
  return {origin::token, hash_bytes(token.key()), token.pin_id_hash, token.pin_incarnation_hash};
}

placement_key placement_key::of_fresh(const session_id_bytes& id) noexcept {
  return {origin::fresh, hash_bytes(bytes_of(id)), 0, 0};
}

placement_key placement_key::of_envelope(std::uint64_t hash, const session_token& tag) noexcept {
  return {origin::envelope, hash, tag.pin_id_hash, tag.pin_incarnation_hash};
}

placement place(const view& v, const placement_key& key, const placement_policy& policy, std::uint64_t random,
                skip_function unreachable, load_function busy) {
  if (key.from == origin::none) return balance(v, policy, random, unreachable, busy);
  placement p = choose(v, key, policy, unreachable, busy);
  if (p.member == view::npos) return p;
  p.sticky = outcome(v, key, p);
  p.issue = must_issue(v, key, policy, p);
  return p;
}

session_token token_for(const placement& p, const view& v, const placement_policy& policy,
                        const session_id_bytes& id, std::int64_t expires_unix_s) noexcept {
  const view::member_hashes pin = wanted_pin(v, policy, p.member);
  return {id, expires_unix_s, v.epoch(), pin.id, pin.incarnation};
}

std::string_view to_string(placement_reason reason) noexcept {
  switch (reason) {
  case placement_reason::owner:
    return "owner";
  case placement_reason::pin:
    return "pin";
  case placement_reason::balanced:
    return "balanced";
  case placement_reason::failed_over:
    return "failed_over";
  case placement_reason::spilled:
    return "spilled";
  case placement_reason::no_key_refused:
    return "no_key_refused";
  case placement_reason::no_members:
    return "no_members";
  case placement_reason::owner_unreachable:
    return "owner_unreachable";
  case placement_reason::member_gone:
    return "member_gone";
  }
  return "unknown";
}

std::string_view to_string(sticky_outcome outcome) noexcept {
  switch (outcome) {
  case sticky_outcome::hit:
    return "hit";
  case sticky_outcome::new_:
    return "new";
  case sticky_outcome::moved:
    return "moved";
  case sticky_outcome::none:
    return "none";
  }
  return "unknown";
}

} // namespace limpet::routing
