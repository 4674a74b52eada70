#include "proxy/ops/check_schedule.hpp"

#include <algorithm>

namespace limpet::ops {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A part of `whole`, evenly distributed over [0, whole).
nanoseconds part_of(nanoseconds whole, std::uint64_t random) noexcept {
  const auto fraction = static_cast<double>(random >> 11) * 0x1p-53;
  return nanoseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * fraction));
}

} // namespace

std::vector<std::uint32_t> check_schedule::set(const std::vector<subject>& subjects, time_point now) {
  std::vector<std::uint32_t> changed;
  std::set<std::uint32_t> wanted;
  for (const auto& one : subjects)
    wanted.insert(one.number);
  for (auto at = members_.begin(); at != members_.end();) {
    const auto member = at++;
    if (wanted.contains(member->first)) continue;
    changed.push_back(member->first);
    end(member);
  }
  for (const auto& [number, settings] : subjects) {
    const auto known = members_.find(number);
    if (known != members_.end() && known->second.settings == *settings) continue;
    if (known != members_.end()) end(known);
    begin(number, *settings, now);
    changed.push_back(number);
  }
  return changed;
}

void check_schedule::begin(std::uint32_t number, const config::health_settings& settings, time_point now) {
  membership::health health(settings.healthy, settings.unhealthy, true);
  members_.emplace(number, entry{.settings = settings, .health = health, .due = now, .started = now});
  due_.emplace(now, number);
}

void check_schedule::end(std::map<std::uint32_t, entry>::iterator member) {
  due_.erase({member->second.due, member->first});
  members_.erase(member);
}

std::optional<check_schedule::check> check_schedule::next(time_point now) {
  if (due_.empty() || due_.begin()->first > now || under_way_ >= at_once_max_) return std::nullopt;
  const auto number = due_.begin()->second;
  due_.erase(due_.begin());
  auto& e = members_.at(number);
  e.begun = ++begun_;
  e.started = now;
  ++under_way_;
  return check{number, e.begun};
}

check_schedule::time_point check_schedule::wake() const {
  return due_.empty() || under_way_ >= at_once_max_ ? time_point::max() : due_.begin()->first;
}

/// From beginning to beginning; at once where the check itself took longer.
check_schedule::time_point check_schedule::next_due(const entry& e, time_point now, std::uint64_t random) {
  const nanoseconds interval = e.settings.interval;
  if (!e.has_been_checked) return std::max(e.started + part_of(interval, random), now);
  const nanoseconds most = interval * e.settings.jitter_percent / 100;
  return std::max(e.started + interval - most + part_of(2 * most, random), now);
}

std::optional<check_verdict> check_schedule::finished(const check& what, bool passed, time_point now,
                                                      std::uint64_t random) {
  --under_way_;
  const auto found = members_.find(what.number);
  if (found == members_.end() || found->second.begun != what.begun) return std::nullopt;
  auto& e = found->second;
  e.begun = 0;
  e.due = next_due(e, now, random);
  e.has_been_checked = true;
  due_.emplace(e.due, what.number);
  e.health.observe(passed);
  const auto before = e.verdict;
  if (!e.health.is_well())
    e.verdict = check_verdict::unhealthy;
  else if (passed || before == check_verdict::unhealthy)
    e.verdict = check_verdict::healthy;
  return e.verdict == before ? std::nullopt : std::optional(e.verdict);
}

void check_schedule::hurry(std::uint32_t number, time_point now) {
  const auto found = members_.find(number);
  if (found == members_.end() || found->second.begun != 0) return;
  due_.erase({found->second.due, number});
  found->second.due = std::min(found->second.due, now);
  due_.emplace(found->second.due, number);
}

check_verdict check_schedule::verdict_of(std::uint32_t number) const {
  const auto found = members_.find(number);
  return found == members_.end() ? check_verdict::unknown : found->second.verdict;
}

std::size_t check_schedule::waiting(time_point now) const {
  std::size_t count = 0;
  for (auto at = due_.begin(); at != due_.end() && at->first <= now; ++at)
    ++count;
  return count;
}

} // namespace limpet::ops
