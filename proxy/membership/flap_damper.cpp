#include "proxy/membership/flap_damper.hpp"

#include <algorithm>
#include <utility>

namespace limpet::membership {
namespace {

bool is_ready(const routing::member& one) noexcept {
  return one.state == routing::member_state::ready;
}

} // namespace

/// nullptr where there are too many already.
flap_damper::entry* flap_damper::entry_of(const std::string& id) {
  if (entries_.size() >= members_max && !entries_.contains(id)) return nullptr;
  return &entries_[id];
}

void flap_damper::left(const std::string& id, time_point now) {
  if (entry* one = entry_of(id)) one->gone = now;
}

void flap_damper::was_never_away(const std::string& id) {
  if (const auto known = entries_.find(id); known != entries_.end()) known->second.gone.reset();
}

bool flap_damper::came(const std::string& id, time_point now) {
  const auto known = entries_.find(id);
  if (known == entries_.end()) return false;
  entry& one = known->second;
  const bool is_flap = one.gone && now - *one.gone < settings_.damping.window;
  one.gone.reset();
  if (is_flap)
    flap(one, id, now);
  else
    one = {.flaps = {}, .gone = {}, .there = now};
  return is_flap;
}

void flap_damper::reborn(const std::string& id, time_point now) {
  if (entry* one = entry_of(id)) flap(*one, id, now);
}

void flap_damper::flap(entry& one, const std::string& id, time_point now) {
  one.gone.reset();
  one.there = now;
  ++one.flaps_seen;
  one.flaps.push_back(now);
  while (one.flaps.front() + settings_.damping.window <= now ||
         one.flaps.size() > settings_.damping.flaps + 1)
    one.flaps.pop_front();
  const bool too_often = settings_.damping.flaps > 0 && one.flaps.size() > settings_.damping.flaps;
  if (too_often && !one.is_damped) flapped_.push_back(id);
}

flap_damper::counts flap_damper::count(std::span<const routing::member> there) const {
  counts now;
  for (const routing::member& one : there) {
    if (!is_ready(one)) continue;
    ++now.ready;
    if (is_damped(one.id)) ++now.damped;
  }
  return now;
}

bool flap_damper::may_be(counts now) const noexcept {
  return now.damped == 0 ||
         (now.damped < now.ready && now.damped * 100 <= now.ready * settings_.max_removal_percent);
}

flap_damper::verdicts flap_damper::judge(std::span<const routing::member> there) {
  verdicts all;
  if (flapped_.empty()) return all;
  counts now = count(there);
  for (const std::string& id : std::exchange(flapped_, {})) {
    const auto member = std::ranges::lower_bound(there, id, {}, &routing::member::id);
    if (member == there.end() || member->id != id) continue;
    if (!is_ready(*member)) continue; // a draining one takes no sessions anyway
    entry& one = entries_.at(id);
    if (may_be({now.ready, now.damped + 1})) {
      ++now.damped;
      one.is_damped = true;
      one.is_spared = false;
      all.damped.push_back(id);
    } else if (!std::exchange(one.is_spared, true)) {
      all.spared.push_back(id);
    }
  }
  return all;
}

std::vector<std::string> flap_damper::advance(std::span<const routing::member> there, time_point now) {
  std::vector<std::string> let_in;
  if (entries_.empty()) return let_in;
  for (auto& [id, one] : entries_) {
    const bool is_steady = !one.gone && one.there + settings_.damping.steady <= now;
    if (!one.is_damped || (!is_steady && settings_.damping.flaps > 0)) continue;
    one = {.flaps = {}, .gone = one.gone, .there = one.there};
    let_in.push_back(id);
  }
  let_in_needed(there, let_in);
  forget(now);
  return let_in;
}

/// Where ready members have left or drain, fewer may be damped than before.
void flap_damper::let_in_needed(std::span<const routing::member> there, std::vector<std::string>& let_in) {
  counts now = count(there);
  if (may_be(now)) return;
  std::vector<std::pair<time_point, std::string_view>> damped;
  for (const routing::member& one : there) {
    const auto known = entries_.find(one.id);
    if (is_ready(one) && known != entries_.end() && known->second.is_damped)
      damped.emplace_back(known->second.there, one.id);
  }
  std::ranges::sort(damped);
  for (auto longest = damped.begin(); !may_be(now); ++longest, --now.damped) {
    entries_.find(longest->second)->second.is_damped = false;
    let_in.emplace_back(longest->second);
  }
}

std::vector<std::string> flap_damper::release_all() {
  flapped_.clear();
  std::vector<std::string> let_in;
  for (auto& [id, one] : entries_)
    if (std::exchange(one.is_damped, false)) let_in.push_back(id);
  return let_in;
}

/// Whoever has not flapped within the window, and is not damped, is a member as any other.
void flap_damper::forget(time_point now) {
  const auto window = settings_.damping.window;
  for (auto& [id, one] : entries_)
    while (!one.flaps.empty() && one.flaps.front() + window <= now)
      one.flaps.pop_front();
  std::erase_if(entries_, [&](const auto& known) {
    const entry& one = known.second;
    if (one.gone) return *one.gone + window <= now;
    return one.flaps.empty() && !one.is_damped;
  });
}

bool flap_damper::is_damped(std::string_view id) const {
  const auto known = entries_.find(id);
  return known != entries_.end() && known->second.is_damped;
}

std::optional<flap_damper::time_point> flap_damper::until(const entry& one) const noexcept {
  if (one.gone) return std::nullopt;
  return one.there + settings_.damping.steady;
}

std::optional<flap_damper::time_point> flap_damper::next() const {
  std::optional<time_point> first;
  for (const auto& [id, one] : entries_) {
    if (!one.is_damped) continue;
    const time_point at =
        one.gone ? *one.gone + settings_.damping.window : one.there + settings_.damping.steady;
    if (!first || at < *first) first = at;
  }
  return first;
}

} // namespace limpet::membership
