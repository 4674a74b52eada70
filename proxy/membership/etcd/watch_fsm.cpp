#include "proxy/membership/etcd/watch_fsm.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace limpet::etcd {
namespace {

/// Up to which revision a message tells everything. What it says of the store's revision counts only where it
/// is a progress notification: while the watch catches up, its answers are of revisions from before that.
std::int64_t told_until(const watch_response& response) {
  if (response.created) return 0;
  if (response.events.empty()) return response.header.revision;
  return response.events.back().kv.mod_revision;
}

} // namespace

watch_fsm::watch_fsm(const options& settings, std::uint32_t seed)
    : options_(settings), backoff_(settings.retry_first, settings.retry_last, seed), random_(seed) {}

watch_fsm::step watch_fsm::start() {
  return list_anew();
}

watch_fsm::step watch_fsm::listed(const range_response& list) {
  const bool is_relist = state_ == state::following;
  const bool other_history = is_other_history(list.header);
  if (other_history) ++status_.restores;
  status_.cluster_id = list.header.cluster_id;
  relisting_ = false;
  status_.listed = true;
  status_.stale = false;
  if (other_history) status_.revision = status_.known_until = 0;
  status_.revision = std::max(status_.revision, list.header.revision);
  status_.known_until = std::max(status_.known_until, list.header.revision);

  std::vector<change> found = take_over(list, other_history);
  list_revision_ = list.header.revision;
  step next;
  if (!is_relist || other_history) {
    next = begin_to_follow(list_revision_);
  } else {
    backoff_.reset();
    next.timer = expect_from_watch(found);
  }
  next.changes = std::move(found);
  return next;
}

watch_fsm::step watch_fsm::list_failed(const error& reason) {
  relisting_ = false;
  status_.stale = true;
  if (state_ != state::following) return wait_and_list(reason);
  // The watch may be well: keep it, and only try the list again.
  note_error(reason);
  return {.timer = backoff_.next()};
}

watch_fsm::step watch_fsm::watched(const watch_response& response) {
  if (state_ != state::following) return {};
  if (response.canceled && response.compact_revision != 0) {
    return wait_and_list({errc::compacted, "etcd: the watch's revision was compacted away"});
  }
  if (response.canceled)
    return wait_and_list({errc::rejected, "etcd: watch canceled: " + response.cancel_reason});
  if (response.header.cluster_id != 0 && response.header.cluster_id != status_.cluster_id) {
    return wait_and_list({errc::rejected, "etcd: the watch is answered by another cluster than the list"});
  }
  status_.revision = std::max(status_.revision, response.header.revision);
  status_.known_until = std::max(status_.known_until, told_until(response));
  // A watch that was only created may be refused the next moment; one that tells something is well.
  if (!response.created) backoff_.reset();
  step next;
  for (const watch_event& event : response.events) {
    apply(event, next.changes);
  }
  return next;
}

watch_fsm::step watch_fsm::watch_failed(const error& reason) {
  if (state_ != state::following) return {};
  return wait_and_list(reason);
}

watch_fsm::step watch_fsm::timer_expired() {
  if (state_ == state::following && !unconfirmed_.empty()) return settle_differences();
  return refresh();
}

/// A timer that is armed stays so: where it expires too early for what has come meanwhile, it is of no
/// effect.
watch_fsm::step watch_fsm::refresh() {
  switch (state_) {
  case state::waiting:
    return list_anew();
  case state::following:
    if (relisting_) return {};
    return list_beside_the_watch();
  case state::idle:
  case state::listing:
    return {};
  }
  return {};
}

watch_fsm::step watch_fsm::begin_to_list() {
  told_meanwhile_.clear();
  known_before_list_ = status_.known_until;
  return {.list = true};
}

watch_fsm::step watch_fsm::list_anew() {
  state_ = state::listing;
  return begin_to_list();
}

watch_fsm::step watch_fsm::list_beside_the_watch() {
  relisting_ = true;
  return begin_to_list();
}

/// Gives the watch up and goes back to listing: after a wait, so that a watch that never lasts does not make
/// a loop; at once on the answer, where a re-list is under way anyhow.
watch_fsm::step watch_fsm::wait_and_list(const error& reason) {
  note_error(reason);
  unconfirmed_.clear();
  if (std::exchange(relisting_, false)) {
    state_ = state::listing;
    return {.close_watch = true};
  }
  state_ = state::waiting;
  return {.close_watch = true, .timer = backoff_.next()};
}

watch_fsm::step watch_fsm::begin_to_follow(std::int64_t list_revision) {
  state_ = state::following;
  unconfirmed_.clear();
  // The number comes from the net: the last one there is has no next.
  const bool has_next = list_revision < std::numeric_limits<std::int64_t>::max();
  return {.close_watch = true,
          .open_watch = list_revision + (has_next ? 1 : 0),
          .timer = jittered(options_.relist, random_)};
}

/// The watch had its time to tell what the re-list showed. What it did not tell, it lost: it is not to be
/// trusted further.
watch_fsm::step watch_fsm::settle_differences() {
  status_.differences += unconfirmed_.size();
  return begin_to_follow(list_revision_);
}

void watch_fsm::note_error(const error& reason) {
  ++status_.errors;
  status_.last_error = reason.message;
}

/// A linearizable read never goes back in time, unless the store was restored from a backup or is another
/// one.
bool watch_fsm::is_other_history(const response_header& header) const {
  return status_.listed && (header.cluster_id != status_.cluster_id || header.revision < known_before_list_);
}

/// Makes `list` what is known, and returns what it changes. Revisions of another history mean nothing here:
/// then every listed key counts as changed.
std::vector<change> watch_fsm::take_over(const range_response& list, bool other_history) {
  std::vector<change> changes;
  std::map<std::string, std::int64_t> before = std::exchange(known_, {});
  if (other_history) told_meanwhile_.clear();
  keep_what_is_newer(list.header.revision, before);
  for (const key_value& kv : list.kvs) {
    if (told_meanwhile_.contains(kv.key) || !has_room_for(kv.key)) continue;
    const auto old = before.extract(kv.key);
    const bool same = !old.empty() && old.mapped() == kv.mod_revision && !other_history;
    if (same) {
      known_[kv.key] = kv.mod_revision;
    } else {
      take(kv, changes);
    }
  }
  for (const auto& [key, revision] : before) {
    changes.push_back({.key = key, .value = std::nullopt, .revision = list.header.revision});
  }
  return changes;
}

/// Leaves in told_meanwhile_ the keys on which the watch has overtaken the list, and keeps them as the watch
/// told them.
void watch_fsm::keep_what_is_newer(std::int64_t revision, std::map<std::string, std::int64_t>& before) {
  std::erase_if(told_meanwhile_, [&](const auto& told) { return told.second <= revision; });
  for (const auto& [key, told_revision] : told_meanwhile_) {
    if (auto node = before.extract(key)) known_.insert(std::move(node));
  }
}

/// Beside what earlier re-lists showed, if the watch has still to tell that: its time for it is not made
/// longer by further lists. Returns what the timer is to be armed to.
std::optional<std::chrono::milliseconds> watch_fsm::expect_from_watch(const std::vector<change>& found) {
  const bool is_settling = !unconfirmed_.empty();
  for (const change& difference : found) {
    unconfirmed_[difference.key] = difference.value ? difference.revision : 0;
  }
  if (is_settling) return std::nullopt;
  return unconfirmed_.empty() ? jittered(options_.relist, random_) : options_.settle;
}

void watch_fsm::apply(const watch_event& event, std::vector<change>& changes) {
  if (event.kv.mod_revision <= list_revision_) {
    tick_off(event);
    return;
  }
  if (relisting_) told_meanwhile_[event.kv.key] = event.kv.mod_revision;
  if (event.what == watch_event::type::remove) {
    known_.erase(event.kv.key);
    changes.push_back({.key = event.kv.key, .value = std::nullopt, .revision = event.kv.mod_revision});
    return;
  }
  if (has_room_for(event.kv.key)) take(event.kv, changes);
}

void watch_fsm::take(const key_value& kv, std::vector<change>& changes) {
  known_[kv.key] = kv.mod_revision;
  changes.push_back({kv.key, kv.value, kv.mod_revision, kv.create_revision});
}

/// An event from before the last re-list: it was on its way when the list was read.
void watch_fsm::tick_off(const watch_event& event) {
  const auto expected = unconfirmed_.find(event.kv.key);
  if (expected == unconfirmed_.end()) return;
  const bool is_removal = event.what == watch_event::type::remove;
  const bool confirms =
      expected->second == 0 ? is_removal : !is_removal && event.kv.mod_revision == expected->second;
  if (confirms) unconfirmed_.erase(expected);
}

bool watch_fsm::has_room_for(const std::string& key) {
  if (known_.size() < options_.keys_max || known_.contains(key)) return true;
  ++status_.overflows;
  return false;
}

} // namespace limpet::etcd
