#include "routing/ownership/record.hpp"

#include "routing/rendezvous.hpp"

#include <algorithm>
#include <utility>

namespace limpet::ownership {

using routing::member;
using routing::view;

bool lost_any(const std::vector<member>& before, const std::vector<member>& now) noexcept {
  const auto is_there = [&](const member& m) {
    const auto found = std::ranges::lower_bound(now, m.id, {}, &member::id);
    return found != now.end() && is_same_owner(*found, m);
  };
  return !std::ranges::all_of(before, is_there);
}

record make_prepare(const record& head, std::vector<member> members, std::uint64_t members_rev) {
  record made;
  made.state = record_state::prepare;
  made.members = std::move(members);
  made.members_rev = members_rev;
  made.base = head.committed_members();
  made.base_epoch = head.committed_epoch();
  return made;
}

record make_commit(const record& prepare) {
  record made = prepare;
  made.state = record_state::committed;
  made.base.clear();
  made.base_epoch = 0;
  return made;
}

owners::owners(const record& r)
    : revision_(r.revision), epoch_(r.committed_epoch()), is_prepare_(r.is_prepare()),
      serving_(r.committed_members(), r.committed_epoch()) {
  if (is_prepare_) next_ = view(r.members, r.epoch);
}

std::uint32_t owners::owner(std::uint64_t key_hash) const noexcept {
  return routing::owner(serving_, key_hash);
}

bool owners::has_another_owner(std::uint64_t key_hash) const noexcept {
  const auto from = routing::owner(serving_, key_hash);
  const auto to = routing::owner(next_, key_hash);
  if (from == view::npos || to == view::npos) return from != to;
  return !is_same_owner(serving_.members()[from], next_.members()[to]);
}

std::string_view to_string(record_state s) noexcept {
  return s == record_state::prepare ? "PREPARE" : "COMMITTED";
}

} // namespace limpet::ownership
