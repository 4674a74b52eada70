#include "tests/consistency/history/overlaps.hpp"

#include "tests/consistency/history/by_session.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace limpet::consistency {
namespace {

/// The executions that last longest of those that began: one at each of two owners is enough to know whether
/// any other owner than a given one is still at work.
class longest_of_two_owners {
public:
  const execution* of_another_than(name_number owner) const noexcept {
    return longest_ && longest_->owner != owner ? longest_ : second_;
  }
  void add(const execution& e) noexcept {
    if (!longest_ || e.end > longest_->end) {
      if (longest_ && longest_->owner != e.owner) second_ = longest_;
      longest_ = &e;
    } else if (e.owner != longest_->owner && (!second_ || e.end > second_->end)) {
      second_ = &e;
    }
  }

private:
  const execution* longest_ = nullptr;
  const execution* second_ = nullptr; ///< at another owner than longest_
};

void find_overlaps(const std::vector<const execution*>& in_order, findings& found) {
  longest_of_two_owners open;
  for (const auto* e : in_order) {
    const auto* const other = open.of_another_than(e->owner);
    if (other && other->end > e->begin) found.add({.what = violation::overlap, .first = other, .second = e});
    open.add(*e);
  }
}

std::string_view member_of(const history& h, name_number owner) {
  const auto name = h.owners.name_of(owner);
  return name.substr(0, name.rfind('/'));
}

/// Whoever restarts at its address is sent what was meant for the incarnation before, with that one's epochs,
/// until the members' view tells of it. The two cannot be at work at once, and no other member was.
bool is_move(const history& h, name_number from, name_number to) {
  return from != to && member_of(h, from) != member_of(h, to);
}

void find_moves(const history& h, const std::vector<const execution*>& in_order, execution_summary& summary,
                findings& found) {
  const execution* before = nullptr;
  const execution* highest = nullptr;
  for (const auto* e : in_order) {
    if (before && before->owner != e->owner) {
      ++summary.owner_changes;
      if (summary.are_epochs_checked && e->epoch <= highest->epoch && is_move(h, before->owner, e->owner))
        found.add({.what = violation::epoch, .first = highest, .second = e});
    }
    if (!highest || e->epoch > highest->epoch) highest = e;
    before = e;
  }
}

} // namespace

execution_summary check_executions(const history& h, findings& found) {
  execution_summary summary;
  summary.are_epochs_checked = std::ranges::any_of(h.executions, [](const auto& e) { return e.epoch > 0; });
  const by_session executions(h.executions, h.sessions.size());
  std::vector<const execution*> in_order;
  for (name_number session = 0; session < h.sessions.size(); ++session) {
    in_order.clear();
    for (const auto i : executions.of(session))
      in_order.push_back(&h.executions[i]);
    // Of two that begin at once the one that ends at once, too, is over when the other begins.
    std::ranges::sort(in_order, {}, [](const auto* e) { return std::tuple(e->begin, e->end); });
    find_overlaps(in_order, found);
    find_moves(h, in_order, summary, found);
  }
  return summary;
}

} // namespace limpet::consistency
