#include "routing/ownership/barrier_fsm.hpp"

#include "routing/mix64.hpp"
#include "routing/view.hpp"

#include <algorithm>
#include <utility>

namespace limpet::ownership {

using kind = barrier_fsm::action::kind;

barrier_fsm::barrier_fsm(std::string incarnation, std::size_t workers, const settings& s)
    : incarnation_(std::move(incarnation)), settings_(s), fence_(s.limits), acknowledgement_(workers),
      mover_(s.pace) {}

barrier_fsm::action barrier_fsm::next(boot_time now) {
  if (const auto what = fence_.next(now); what != self_fence_fsm::action::wait) {
    fence_.on_sent(what, now);
    return {what == self_fence_fsm::action::read_self ? kind::read_self : kind::register_once, {}};
  }
  if (!registered()) return {};
  if (acknowledgement_.wants_to_write(now)) {
    acknowledgement_.on_sent();
    return {kind::acknowledge, {}};
  }
  for (auto& [router, removal] : removals_) {
    if (removal.next(now) != removal_fsm::action::remove) continue;
    removal.on_removing();
    return {kind::remove, router};
  }
  if (wants_barrier_read(now)) {
    reads_barrier_ = true;
    return {kind::read_barrier, {}};
  }
  const auto move = mover_.next(now);
  if (move != mover_fsm::action::read_members && move != mover_fsm::action::write) return {};
  mover_.on_sent(move);
  return {move == mover_fsm::action::write ? kind::write_record : kind::read_members, {}};
}

bool barrier_fsm::wants_barrier_read(boot_time now) const noexcept {
  if (reads_barrier_ || now < barrier_again_) return false;
  return has_unread_death_ || mover_.next(now) == mover_fsm::action::read_barrier;
}

boot_time barrier_fsm::wake_at() const noexcept {
  auto at = fence_.wake_at();
  if (!registered()) return at;
  at = std::min({at, acknowledgement_.wake_at()});
  for (const auto& [router, removal] : removals_)
    at = std::min(at, removal.wake_at());
  if (reads_barrier_) return at; // the mover goes on when that is there
  if (has_unread_death_) at = std::min(at, barrier_again_);
  const auto move = mover_.wake_at();
  return std::min(at, move == never ? never : std::max(move, barrier_again_));
}

void barrier_fsm::on_registered(const record& view, boot_time now) {
  fence_.on_registered();
  first_record_ = view.revision;
  on_record(view, now);
}

void barrier_fsm::on_self_read(bool has_routers, bool has_alive, const record& view, boot_time now) {
  fence_.on_self_read(has_routers, has_alive);
  on_record(view, now);
}

void barrier_fsm::on_unregistered() noexcept {
  fence_.end();
}

void barrier_fsm::on_record(const record& r, boot_time now) {
  acknowledgement_.on_record(r.revision, r.is_prepare());
  mover_.on_record(r, now);
  look_at_barrier(now);
}

void barrier_fsm::on_members_seen(std::vector<routing::member> members, std::uint64_t revision,
                                  boot_time now) {
  mover_.on_members_seen(std::move(members), revision, now);
}

/// A reply may come after the watch has shown what is newer, and nobody would say that again.
void barrier_fsm::on_barrier_seen(std::vector<barrier_reading::router> routers, std::uint64_t revision,
                                  boot_time now) {
  if (revision >= routers_rev_) {
    routers_ = std::move(routers);
    routers_rev_ = revision;
  }
  look_at_barrier(now);
}

/// Hints only: whether a read is worth while.
void barrier_fsm::look_at_barrier(boot_time now) {
  const auto revision = held().revision;
  bool all_acknowledged = !routers_.empty(); // this one is among them, once a watch has shown any
  has_unread_death_ = false;
  for (const auto& router : routers_) {
    all_acknowledged = all_acknowledged && router.acknowledged == revision;
    if (!router.alive && router.incarnation != incarnation_ && !removals_.contains(router.incarnation))
      has_unread_death_ = true;
  }
  mover_.on_barrier_seen(all_acknowledged, turn_among(routers_), now);
}

/// By a hash with the record, so that the work goes round.
duration barrier_fsm::turn_among(const std::vector<barrier_reading::router>& routers) const {
  const auto place = [this](const std::string& router) {
    return routing::mix64(routing::hash_bytes(router) ^ held().revision);
  };
  const auto own = place(incarnation_);
  const auto before = std::ranges::count_if(routers, [&](const auto& r) {
    return r.alive && r.incarnation != incarnation_ && place(r.incarnation) < own;
  });
  return settings_.turn * std::min<std::ptrdiff_t>(before, 10);
}

void barrier_fsm::on_word(std::size_t worker, std::uint64_t revision, bool none_left) noexcept {
  acknowledgement_.on_word(worker, revision, none_left);
}

void barrier_fsm::on_members_read(std::vector<routing::member> members, std::uint64_t revision,
                                  boot_time now) {
  mover_.on_members_read(std::move(members), revision, now);
}

void barrier_fsm::on_barrier_read(const barrier_reading& reading, const record& view, boot_time received) {
  reads_barrier_ = false;
  on_record(view, received);
  std::erase_if(removals_, [&](const auto& known) {
    return std::ranges::none_of(reading.routers, [&](const auto& r) { return r.incarnation == known.first; });
  });
  for (const auto& router : reading.routers) {
    if (router.incarnation == incarnation_) {
      acknowledgement_.on_read(router.acknowledged);
      continue;
    }
    if (router.alive)
      removals_.erase(router.incarnation);
    else
      removals_.try_emplace(router.incarnation, settings_.limits.grace())
          .first->second.on_read(true, false, received);
  }
  mover_.on_barrier_read(reading, received);
  on_barrier_seen(reading.routers, reading.store_revision, received);
}

void barrier_fsm::on_record_written(std::uint64_t revision, boot_time now) {
  auto written = mover_.written();
  written.revision = revision;
  if (written.is_prepare()) written.epoch = revision;
  mover_.on_written();
  on_record(written, now);
}

void barrier_fsm::on_removed(const std::string& router) noexcept {
  if (const auto found = removals_.find(router); found != removals_.end()) found->second.on_removed();
}

void barrier_fsm::on_failed(const action& a, boot_time now) noexcept {
  switch (a.what) {
  case kind::read_self:
    return fence_.on_self_read_failed();
  case kind::read_barrier:
    reads_barrier_ = false;
    barrier_again_ = now + settings_.again;
    return;
  case kind::read_members:
  case kind::write_record:
    return mover_.on_failed(now);
  case kind::acknowledge:
    return acknowledgement_.on_failed(now + settings_.again);
  case kind::remove:
    if (const auto found = removals_.find(a.router); found != removals_.end())
      found->second.on_failed(now + settings_.again);
    return;
  case kind::wait:
  case kind::register_once:
    return;
  }
}

boot_time barrier_fsm::serve_until() const noexcept {
  return acknowledgement_.applied_by_all() >= first_record_ ? fence_.deadline() : long_ago;
}

std::vector<std::string_view> barrier_fsm::waits_for() const {
  std::vector<std::string_view> left;
  if (!held().is_prepare()) return left;
  for (const auto& router : routers_)
    if (router.acknowledged != held().revision) left.push_back(router.incarnation);
  return left;
}

} // namespace limpet::ownership
