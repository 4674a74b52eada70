#include "tests/consistency/history/losses.hpp"

#include <algorithm>
#include <functional>

namespace limpet::consistency {

void losses::check(const session_lists& lists, findings& found) {
  find_lost(lists, found);
  for (const auto& r : lists.reads())
    if (!r.is_prefix) found.add({.what = violation::fork, .seen_by = r.op, .other = lists.canonical_read()});
}

/// Backwards in time: the longest list that was read after an append only becomes longer.
void losses::find_lost(const session_lists& lists, findings& found) {
  acknowledged_.clear();
  reads_.clear();
  for (const auto& a : lists.appends())
    if (a.op->outcome == outcome::ok) acknowledged_.push_back(&a);
  for (const auto& r : lists.reads())
    reads_.push_back(&r);
  std::ranges::sort(acknowledged_, std::greater{}, [](const auto* a) { return a->op->end; });
  std::ranges::sort(reads_, std::greater{}, [](const auto* r) { return r->op->begin; });

  const session_lists::read* longest = nullptr;
  auto next = reads_.begin();
  for (const auto* a : acknowledged_) {
    for (; next != reads_.end() && (*next)->op->begin > a->op->end; ++next) {
      if (longest && (*next)->op->list_size <= longest->op->list_size) continue;
      longest = *next;
      if (longest->is_prefix) continue;
      present_.start(lists.values());
      for (const auto number : lists.numbers_of(*longest))
        present_.set(number);
    }
    if (!longest) continue;
    const bool is_there =
        longest->is_prefix ? lists.reach_of(a->number) <= longest->op->list_size : present_.has(a->number);
    if (!is_there)
      found.add({.what = violation::lost, .seen_by = a->op, .other = longest->op, .value = a->op->value});
  }
}

} // namespace limpet::consistency
