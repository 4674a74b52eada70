#include "proxy/http/strict_pool.hpp"

#include "config/barrier.hpp"

#include <algorithm>
#include <utility>

namespace limpet::http {

namespace {

/// Of one turn of the loop: some 100 us with a hundred members.
constexpr std::size_t scanned_at_once = 256;

ownership::parking::limits bounds_of(const config::parking_settings& p) {
  return {.per_session = p.per_session, .requests = p.requests, .bytes = p.bytes, .time = p.time};
}

} // namespace

strict_pool::strict_pool(net::event_loop& loop, strict_listener& listener, std::size_t worker,
                         const pool_snapshot& pool)
    : loop_(loop), listener_(listener), worker_(worker), number_(pool.number),
      ledger_(config::limits_of(pool.settings.barrier).counts_after_write()),
      parking_(bounds_of(pool.settings.barrier.parking)) {}

strict_pool::ending strict_pool::apply(const pool_snapshot& pool) {
  if (std::exchange(is_gone_, false)) look_who_waits();
  parking_.set_bounds(bounds_of(pool.settings.barrier.parking)); // a reload may have changed them
  const auto& next = *pool.strict;
  if (held_ == next) return ending::nothing;
  const bool is_another = held_.incarnation != 0 && held_.incarnation != next.incarnation;
  const bool has_lapsed = held_.lapses != next.lapses;
  held_ = next;
  look_who_waits();
  if (is_another) {
    ledger_.give_up_all();
    // The pool may have been taken out and be back with other times.
    ledger_.count_for(config::limits_of(pool.settings.barrier).counts_after_write());
  }
  ledger_.apply();
  is_scanned_ = false;
  // Behind a fence that was shut nobody waits for a commit: those that do are refused as those that come.
  const bool is_shut = held_.fence->is_shut();
  parking_.release([&](std::uint64_t key_hash) { return !is_shut && held_.owners->moves(key_hash); },
                   [this](ownership::parking_place& p) { let_go(p); });
  look_soon();
  if (is_another) return ending::all;
  return has_lapsed ? ending::endless : ending::nothing;
}

strict_pool::ending strict_pool::pool_gone() {
  if (std::exchange(is_gone_, true)) return ending::nothing;
  look_who_waits();
  parking_.release([](std::uint64_t) { return false; }, [this](ownership::parking_place& p) { let_go(p); });
  look_soon();
  return ending::endless;
}

void strict_pool::let_go(ownership::parking_place& p) {
  released_.push_back(static_cast<wait&>(p).ticket_);
}

void strict_pool::resume_released() {
  for (const auto ticket : std::exchange(released_, {}))
    go_on(ticket, outcome::released);
}

void strict_pool::look_who_waits() noexcept {
  is_waited_for_ = held_.owners->is_prepare() || is_leaving_ || is_gone_;
}

void strict_pool::look_soon() {
  if (std::exchange(is_look_due_, true)) return;
  loop_.defer([this] { look(); });
}

void strict_pool::look() {
  is_look_due_ = false;
  const auto now = net::boot_now();
  parking_.expire(now,
                  [](ownership::parking_place& p) { static_cast<wait&>(p).end_with(outcome::timed_out); });
  is_scanned_ =
      ledger_.scan([this](std::uint64_t key_hash) { return held_.owners->moves(key_hash); }, scanned_at_once);
  if (!is_scanned_) look_soon();
  const net::strict_word word{.worker = worker_,
                              .incarnation = held_.incarnation,
                              .revision = held_.owners->revision(),
                              .none_left = ledger_.none_moved_left(now),
                              .has_left = (is_leaving_ || is_gone_) && ledger_.none_left(now)};
  if (word != said_) {
    said_ = word;
    listener_.on_word(number_, word);
  }
  const auto at = std::min(ledger_.next_change(), parking_.next_expiry());
  if (at == ownership::never) return due_.disarm();
  const auto left = std::chrono::ceil<net::milliseconds>(at - now);
  due_.arm(loop_.wheel(), std::max(left, net::milliseconds(1)), &on_due, this);
}

void strict_pool::on_due(void* self) noexcept {
  static_cast<strict_pool*>(self)->look();
}

void strict_pool::leave() {
  is_leaving_ = true;
  look_who_waits();
  look_soon();
}

strict_pool::wait::wait(strict_pool& pool, std::uint64_t key_hash, std::size_t bytes,
                        ownership::boot_time since)
    : pool_(pool), ticket_(pool.next_ticket_++), parked_(pool.parking_.park(*this, key_hash, bytes, since)) {
  if (await_ready()) return;
  pool_.waiting_.emplace(ticket_, this);
  pool_.look_soon(); // for its time limit
}

strict_pool::wait::~wait() {
  pool_.waiting_.erase(ticket_);
}

void strict_pool::wait::end_with(outcome o) {
  pool_.loop_.defer([pool = &pool_, ticket = ticket_, o] { pool->go_on(ticket, o); });
}

/// The first word counts: the others find nobody.
void strict_pool::go_on(std::uint64_t ticket, outcome o) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return;
  wait& ended = *found->second;
  waiting_.erase(found);
  ended.outcome_ = o;
  if (ended.who_) std::exchange(ended.who_, {}).resume();
}

} // namespace limpet::http
