#include "routing/ownership/mover_fsm.hpp"

#include <algorithm>
#include <utility>

namespace limpet::ownership {

namespace {

boot_time later(boot_time t, duration by) noexcept {
  return t == never ? never : t + by;
}

} // namespace

mover_fsm::action mover_fsm::next(boot_time now) const noexcept {
  if (!knows_head_ || under_way_ != action::wait || now < again_) return action::wait;
  if (planned_) return action::write;
  if (now >= barrier_due()) return action::read_barrier;
  return now >= members_due() ? action::read_members : action::wait;
}

void mover_fsm::on_sent(action what) {
  under_way_ = what;
  if (what != action::write) return;
  writing_ = std::move(*planned_);
  planned_.reset();
  writing_over_ = head_.revision;
}

boot_time mover_fsm::wake_at() const noexcept {
  if (!knows_head_ || under_way_ != action::wait) return never;
  const auto due = planned_ ? long_ago : std::min(members_due(), barrier_due());
  return due == never ? never : std::max(due, again_);
}

/// Joins are gathered; a loss is not waited with, since nobody serves its keys meanwhile.
boot_time mover_fsm::members_due() const noexcept {
  if (head_.is_prepare() && !is_loss_) return never; // the commit comes first
  return later(differs_since_, is_loss_ ? turn_ : turn_ + pace_.batch);
}

boot_time mover_fsm::barrier_due() const noexcept {
  if (asks_for_head_) return long_ago;
  return head_.is_prepare() ? std::min(later(acknowledged_since_, turn_), poll_at_) : never;
}

void mover_fsm::on_record(const record& r, boot_time now) {
  if (knows_head_ && r.revision <= head_.revision) return;
  knows_head_ = true;
  head_ = r;
  asks_for_head_ = false;
  acknowledged_since_ = never;
  poll_at_ = head_.is_prepare() ? now + pace_.poll : never;
  planned_.reset();
  differs_since_ = never;
  look(now);
}

void mover_fsm::on_members_seen(std::vector<routing::member> members, std::uint64_t revision, boot_time now) {
  if (revision < seen_rev_) return;
  seen_ = std::move(members);
  seen_rev_ = revision;
  look(now);
}

/// Whether what was seen asks for another record. What the record was made from, or what came before that,
/// does not: two movers, one of whom is behind, would go back and forth.
void mover_fsm::look(boot_time now) noexcept {
  if (!knows_head_) return;
  if (seen_rev_ <= head_.members_rev || seen_ == head_.members)
    differs_since_ = never;
  else if (differs_since_ == never)
    differs_since_ = now;
  is_loss_ = differs_since_ != never && lost_any(head_.members, seen_);
}

void mover_fsm::on_barrier_seen(bool all_acknowledged, duration turn, boot_time now) noexcept {
  turn_ = turn;
  if (!all_acknowledged)
    acknowledged_since_ = never;
  else if (acknowledged_since_ == never)
    acknowledged_since_ = now;
}

void mover_fsm::on_members_read(std::vector<routing::member> members, std::uint64_t revision, boot_time now) {
  under_way_ = action::wait;
  if (revision < seen_rev_) return; // the watch is ahead by now, and shows what to ask for again
  on_members_seen(std::move(members), revision, now);
  if (differs_since_ == never || (head_.is_prepare() && !is_loss_)) return;
  planned_ = make_prepare(head_, seen_, seen_rev_);
}

void mover_fsm::on_barrier_read(const barrier_reading& reading, boot_time now) {
  asks_for_head_ = false;
  acknowledged_since_ = never; // until the watch shows something new
  if (!head_.is_prepare()) return;
  poll_at_ = now + pace_.poll;
  const auto has_acknowledged = [this](const barrier_reading::router& r) {
    return r.acknowledged == head_.revision;
  };
  if (reading.view_revision == head_.revision && std::ranges::all_of(reading.routers, has_acknowledged))
    planned_ = make_commit(head_);
}

void mover_fsm::on_written() noexcept {
  under_way_ = action::wait;
}

void mover_fsm::on_conflict() noexcept {
  on_written();
  asks_for_head_ = true;
}

void mover_fsm::on_failed(boot_time now) noexcept {
  if (under_way_ == action::write) asks_for_head_ = true;
  under_way_ = action::wait;
  again_ = now + pace_.again;
}

} // namespace limpet::ownership
