#include "tests/consistency/history/guarantees.hpp"

#include <algorithm>

namespace limpet::consistency {

void guarantees::check(const session_lists& lists, findings& found) {
  lists_ = &lists;
  found_ = &found;
  demands_.resize(lists.appends().size());
  written_.clear();
  others_.clear();
  written_at_.clear();
  others_at_.clear();
  for (std::uint32_t client = 0; client < lists.clients(); ++client)
    follow_client(client);

  walk(lists.canonical());
  const auto canonical_writes = writes_;
  const auto canonical_reads = reads_;
  for (const auto& r : lists.reads()) {
    writes_ = canonical_writes;
    reads_ = canonical_reads;
    if (!r.is_prefix) walk(lists.numbers_of(r));
    if (writes_.at < r.op->list_size) report(violation::monotonic_writes, r, writes_.missing, writes_.number);
    if (reads_.at < r.op->list_size) report(violation::writes_follow_reads, r, reads_.missing, reads_.number);
  }
}

void guarantees::report(violation what, const session_lists::read& r, std::uint32_t missing,
                        std::uint32_t because) {
  found_->add({.what = what,
               .seen_by = r.op,
               .value = lists_->value_of(missing),
               .because = because == none ? 0 : lists_->value_of(because)});
}

// -- what a client knows ----------------------------------------------

void guarantees::follow_client(std::uint32_t client) {
  written_at_.push_back(static_cast<std::uint32_t>(written_.size()));
  others_at_.push_back(static_cast<std::uint32_t>(others_.size()));
  own_ = seen_ = {};
  prefix_ = 0;
  bool has_other = false;
  for (const auto& e : lists_->events_of(client)) {
    if (e.what == action::append) {
      const auto& a = lists_->appends()[e.index];
      demands_[e.index] = {static_cast<std::uint32_t>(written_.size()) - written_at_[client], prefix_,
                           static_cast<std::uint32_t>(others_.size()) - others_at_[client]};
      if (a.op->outcome != outcome::ok) continue;
      written_.push_back(a.number);
      own_.add(lists_->reach_of(a.number), a.number);
      continue;
    }
    const auto& r = lists_->reads()[e.index];
    if (r.is_prefix) {
      see_prefix(r);
      continue;
    }
    if (!has_other) known_.start(lists_->values());
    has_other = true;
    see_other(r, client);
  }
}

void guarantees::see_prefix(const session_lists::read& r) {
  auto size = r.op->list_size;
  if (own_.reach > size) report(violation::read_your_writes, r, own_.number);
  if (seen_.reach > size) report(violation::monotonic_reads, r, seen_.number);
  prefix_ = std::max(prefix_, size);
  const auto is_repeated = [&](std::uint32_t number, std::uint32_t at) {
    return lists_->reach_of(number) <= at;
  };
  while (size > 0 && is_repeated(lists_->canonical()[size - 1], size - 1))
    --size; // a shorter prefix has the same values
  if (size == 0) return;
  seen_.add(size, lists_->canonical()[size - 1]);
}

void guarantees::see_other(const session_lists::read& r, std::uint32_t client) {
  const auto list = lists_->numbers_of(r);
  present_.start(lists_->values());
  for (const auto number : list)
    present_.set(number);
  const auto report_missing = [&](violation what, std::span<const std::uint32_t> wanted) {
    const auto missing = std::ranges::find_if_not(wanted, [&](auto number) { return present_.has(number); });
    if (missing == wanted.end()) return false;
    report(what, r, *missing);
    return true;
  };
  report_missing(violation::read_your_writes, std::span(written_).subspan(written_at_[client]));
  if (!report_missing(violation::monotonic_reads, lists_->canonical().first(prefix_)))
    report_missing(violation::monotonic_reads, std::span(others_).subspan(others_at_[client]));

  for (const auto number : list) {
    const auto reach = lists_->reach_of(number);
    seen_.add(reach, number);
    if (reach <= prefix_ || known_.has(number)) continue;
    known_.set(number);
    others_.push_back(number);
  }
}

// -- what lists have, in which order ----------------------------------

void guarantees::walk(std::span<const std::uint32_t> list) {
  writes_ = reads_ = {};
  prefix_present_ = 0;
  progress_.assign(lists_->clients(), {});
  present_.start(lists_->values());
  for (std::uint32_t at = 0; at < list.size(); ++at) {
    const auto appended = lists_->append_of(list[at]);
    if (appended != none) {
      const auto& a = lists_->appends()[appended];
      if (writes_.at == none) meet_writes(at, a, demands_[appended]);
      if (reads_.at == none) meet_reads(at, a, demands_[appended]);
    }
    present_.set(list[at]);
  }
}

/// As long as all demands are met, a client's acknowledged appends in the list are its first ones, in order.
void guarantees::meet_writes(std::uint32_t at, const session_lists::append& a, const demands& d) {
  auto& met = progress_[a.client].acknowledged;
  if (d.acknowledged_before > met)
    writes_ = {at, a.number, written_[written_at_[a.client] + met]};
  else if (a.op->outcome == outcome::ok && d.acknowledged_before == met)
    ++met;
}

/// What is present only grows, and so does what a client demands: what was met once is not looked at again.
void guarantees::meet_reads(std::uint32_t at, const session_lists::append& a, const demands& d) {
  const auto canonical = lists_->canonical();
  while (prefix_present_ < d.prefix_seen && present_.has(canonical[prefix_present_]))
    ++prefix_present_;
  if (prefix_present_ < d.prefix_seen) {
    reads_ = {at, a.number, canonical[prefix_present_]};
    return;
  }
  auto& met = progress_[a.client].others;
  const auto* const others = others_.data() + others_at_[a.client];
  while (met < d.others_seen && present_.has(others[met]))
    ++met;
  if (met < d.others_seen) reads_ = {at, a.number, others[met]};
}

} // namespace limpet::consistency
