#include "proxy/http/snapshot.hpp"

#include "routing/following.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace limpet::http {

namespace {

using standing = std::pair<std::uint32_t, routing::member_state>; ///< a member's number and state

std::vector<standing> standings_of(const pool_snapshot& pool) {
  std::vector<standing> all;
  all.reserve(pool.targets.size());
  for (std::size_t i = 0; i < pool.targets.size(); ++i)
    all.emplace_back(pool.targets[i].number, pool.view.members()[i].state);
  std::ranges::sort(all);
  return all;
}

} // namespace

void pool_snapshot::compare(const pool_snapshot* before) {
  turned.clear();
  if (!before) {
    for (const auto& target : targets)
      turned.push_back(target.number);
    return;
  }
  const bool same_view = before->view.checksum() == view.checksum();
  // A PREPARE moves sessions though the members that serve are the same; the next one may move others.
  const bool is_prepared = strict && strict->owners->is_prepare() && strict != before->strict;
  const bool may_move = is_prepared || before->placement != placement ||
                        (!same_view && routing::may_move_others(before->view, view));
  arrivals = before->arrivals + (may_move ? 1 : 0);
  if (same_view) return;
  std::vector<standing> differ;
  std::ranges::set_symmetric_difference(standings_of(*before), standings_of(*this),
                                        std::back_inserter(differ));
  for (const auto& one : differ)
    turned.push_back(one.first);
  turned.erase(std::unique(turned.begin(), turned.end()), turned.end());
}

void snapshot::index_members() {
  places.clear();
  for (std::uint32_t p = 0; p < pools.size(); ++p)
    for (std::uint32_t i = 0; i < pools[p]->targets.size(); ++i)
      places.push_back({pools[p]->targets[i].number, p, i});
  std::ranges::sort(places, {}, &member_place::number);
}

const member_place* snapshot::find(std::uint32_t of) const noexcept {
  const auto at = std::ranges::lower_bound(places, of, {}, &member_place::number);
  return at == places.end() || at->number != of ? nullptr : &*at;
}

} // namespace limpet::http
