#include "tests/consistency/history/phantoms.hpp"

#include <unordered_map>

namespace limpet::consistency {

void phantoms::check(const session_lists& lists, findings& found) {
  const auto canonical = lists.canonical();
  const auto in_canonical = first_in(lists, canonical);
  last_begun_.clear();
  for (std::uint32_t last = none; const auto number : canonical)
    last_begun_.push_back(last = later(lists, last, number));

  for (const auto& r : lists.reads()) {
    const auto size = r.op->list_size;
    if (size == 0) continue;
    auto phantom = in_canonical;
    auto last = last_begun_[size - 1];
    if (!r.is_prefix) {
      phantom = first_in(lists, lists.numbers_of(r));
      last = none;
      for (const auto number : lists.numbers_of(r))
        last = later(lists, last, number);
    }
    if (phantom.at >= size && last != none && lists.appends()[lists.append_of(last)].op->begin > r.op->end)
      phantom = {0, last, "its append began after the read had ended"};
    if (phantom.at >= size) continue;
    found.add({.what = violation::phantom,
               .seen_by = r.op,
               .value = lists.value_of(phantom.number),
               .detail = phantom.why});
  }
}

phantoms::place phantoms::first_in(const session_lists& lists, std::span<const std::uint32_t> list) {
  present_.start(lists.values());
  for (std::uint32_t at = 0; at < list.size(); ++at) {
    const auto number = list[at];
    const auto appended = lists.append_of(number);
    if (appended == none) return {at, number, "nobody appended it to this session"};
    if (lists.appends()[appended].op->outcome == outcome::no) return {at, number, "its append was refused"};
    if (present_.has(number)) return {at, number, "the list has it twice"};
    present_.set(number);
  }
  return {};
}

std::uint32_t phantoms::later(const session_lists& lists, std::uint32_t a, std::uint32_t b) {
  const auto begin_of = [&](std::uint32_t number) {
    const auto appended = number == none ? none : lists.append_of(number);
    return appended == none ? 0 : lists.appends()[appended].op->begin;
  };
  const auto begin = begin_of(b);
  return begin > 0 && begin >= begin_of(a) ? b : a;
}

void check_refusals(const history& h, findings& found) {
  std::unordered_map<std::string_view, const operation*> refused;
  for (const auto& o : h.operations)
    if (o.outcome == outcome::no) refused.emplace(o.name, &o);
  if (refused.empty()) return;
  for (const auto& e : h.executions) {
    const auto at = refused.find(e.operation);
    if (at == refused.end()) continue;
    found.add({.what = violation::phantom,
               .seen_by = at->second,
               .first = &e,
               .value = at->second->action == action::append ? at->second->value : 0,
               .detail = "it was refused, and executed"});
  }
}

} // namespace limpet::consistency
