#include "proxy/membership/rails.hpp"

#include <algorithm>
#include <utility>

namespace limpet::membership {
namespace {

using kind = rails_event::kind;

bool is_ready(const routing::member& one) noexcept {
  return one.state == routing::member_state::ready;
}

void sort_by_id(std::vector<routing::member>& members) {
  std::ranges::sort(members, {}, &routing::member::id);
}

rails_status::pending_changes changes_between(const std::vector<routing::member>& from,
                                              const std::vector<routing::member>& to) {
  rails_status::pending_changes changes;
  auto before = from.begin();
  for (const routing::member& after : to) {
    for (; before != from.end() && before->id < after.id; ++before)
      changes.left.push_back(before->id);
    if (before == from.end() || before->id != after.id)
      changes.joined.push_back(after.id);
    else if (*before++ != after)
      changes.changed.push_back(after.id);
  }
  for (; before != from.end(); ++before)
    changes.left.push_back(before->id);
  return changes;
}

} // namespace

rails::rails(const config::rail_settings& settings)
    : settings_(settings), guard_(settings), damper_(settings) {}

rails::step rails::listed(member_list list, time_point now) {
  latest_ = std::move(list);
  sort_by_id(latest_.members);
  if (!std::exchange(is_started_, true)) {
    told_ = latest_.members;
    return publish();
  }
  if (suspended_) return publish();
  judge(take_over(now), now);
  follow_time(now);
  return publish();
}

rails::step rails::timer(time_point now) {
  if (suspended_) return publish();
  follow_time(now);
  return publish();
}

rails::step rails::suspend(time_point now) {
  if (!suspended_) {
    suspended_ = now;
    tell(kind::suspended, {});
  }
  return publish();
}

rails::step rails::resume(time_point now) {
  if (!suspended_) return publish();
  suspended_.reset();
  tell(kind::resumed, {});
  // Who stayed in the view for the time being is judged anew, with all that has changed since.
  for (const auto& [id, one] : guard_.departures()) {
    told_.push_back(one.member);
    damper_.was_never_away(id);
  }
  sort_by_id(told_);
  guard_.clear();
  judge(take_over(now), now);
  follow_time(now);
  return publish();
}

rails::step rails::apply(time_point now) {
  if (!is_started_) return {};
  const members before = view();
  take_over(now);
  guard_.clear();
  damper_.release_all();
  auto [joined, left, changed] = changes_between(before, view());
  for (auto* others : {&joined, &left})
    std::ranges::move(*others, std::back_inserter(changed));
  std::ranges::sort(changed);
  tell(kind::applied, std::move(changed));
  return publish();
}

rails::step rails::configure(const config::rail_settings& settings, time_point now) {
  settings_ = settings;
  guard_.configure(settings);
  damper_.configure(settings);
  return timer(now);
}

/// Makes the latest list what counts as told.
rails::difference rails::take_over(time_point now) {
  difference found;
  auto before = told_.begin();
  for (const routing::member& after : latest_.members) {
    for (; before != told_.end() && before->id < after.id; ++before)
      note_left(*before, found, now);
    if (before == told_.end() || before->id != after.id)
      note_came(after, found, now);
    else
      note_both(*before++, after, found, now);
  }
  for (; before != told_.end(); ++before)
    note_left(*before, found, now);
  told_ = latest_.members;
  return found;
}

void rails::note_left(const routing::member& one, difference& found, time_point now) {
  damper_.left(one.id, now);
  if (is_ready(one) && !damper_.is_damped(one.id)) found.leaving.push_back(one);
}

void rails::note_came(const routing::member& one, difference& found, time_point now) {
  const auto departed = guard_.departures().find(one.id);
  const bool was_in_view = departed != guard_.departures().end();
  const bool is_same = was_in_view && departed->second.member.incarnation == one.incarnation;
  const bool was_held = guard_.came_back(one.id) == removal_guard::comeback::held;
  if (was_held) found.back.push_back(one.id);
  if (was_in_view && is_ready(one)) ++found.staying;
  // A store that lost a member together with many others says nothing of that member.
  if (was_held && is_same)
    damper_.was_never_away(one.id);
  else if (damper_.came(one.id, now))
    ++flaps_;
}

void rails::note_both(const routing::member& before, const routing::member& after, difference& found,
                      time_point now) {
  if (is_ready(before) && is_ready(after) && !damper_.is_damped(after.id)) ++found.staying;
  if (before.incarnation == after.incarnation) return;
  damper_.reborn(after.id, now);
  ++flaps_;
}

void rails::judge(difference found, time_point now) {
  if (!found.back.empty()) tell(kind::came_back, std::move(found.back));
  const bool is_trip = guard_.held() == 0;
  auto held = guard_.judge(std::move(found.leaving), found.staying, now);
  if (!held.empty()) {
    if (is_trip) ++guard_trips_;
    const departure& one = guard_.departures().find(held.front())->second;
    events_.push_back({is_trip ? kind::held : kind::held_more, std::move(held), one.gone, one.of});
  }
  auto [damped, spared] = damper_.judge(told_);
  if (!damped.empty()) tell(kind::damped, std::move(damped));
  if (!spared.empty()) tell(kind::spared, std::move(spared));
}

void rails::follow_time(time_point now) {
  auto let_go = guard_.advance(now);
  if (!let_go.empty()) tell(kind::let_go, std::move(let_go));
  auto let_in = damper_.advance(told_, now);
  if (!let_in.empty()) tell(kind::let_in, std::move(let_in));
}

/// While suspended nothing is taken over and no time passes, so that the view stays as it is by itself.
rails::step rails::publish() {
  step next;
  next.events = std::exchange(events_, {});
  if (!is_started_) return next;
  if (!suspended_) {
    next.timer = guard_.next();
    const auto other = damper_.next();
    if (other && (!next.timer || *other < *next.timer)) next.timer = other;
  }
  member_list list{view(), latest_.epoch, latest_.stale};
  if (is_published_ && list == published_) return next;
  is_published_ = true;
  published_ = list;
  next.publish = std::move(list);
  return next;
}

rails::members rails::view() const {
  members all;
  all.reserve(told_.size() + guard_.departures().size());
  for (const routing::member& one : told_)
    if (!damper_.is_damped(one.id)) all.push_back(one);
  for (const auto& [id, one] : guard_.departures())
    all.push_back(one.member);
  sort_by_id(all);
  return all;
}

void rails::tell(kind what, std::vector<std::string> ids) {
  events_.push_back({.what = what, .ids = std::move(ids)});
}

rails_status rails::status() const {
  rails_status now;
  now.suspended = suspended_;
  const auto unless_suspended = [&](std::optional<time_point> at) { return suspended_ ? std::nullopt : at; };
  for (const auto& [id, one] : guard_.departures()) {
    auto& list = one.held ? now.held : now.leaving;
    list.push_back({id, one.left, unless_suspended(guard_.until(one)), one.gone, one.of});
  }
  for (const auto& [id, one] : damper_.entries()) {
    if (!one.is_damped) continue;
    now.damped.push_back({id, one.flaps_seen, !one.gone, unless_suspended(damper_.until(one))});
  }
  if (suspended_) now.pending = changes_between(published_.members, latest_.members);
  now.members_told = latest_.members.size();
  now.guard_trips = guard_trips_;
  now.flaps = flaps_;
  now.settings = settings_;
  return now;
}

} // namespace limpet::membership
