#include "proxy/agent/registration_fsm.hpp"

#include "config/config.hpp"

#include <algorithm>
#include <utility>

namespace limpet::agent {

namespace {

/// How long a key that is gone is left to a successor, which deletes it just before it creates its own.
constexpr std::chrono::milliseconds successor_first(500);

} // namespace

registration_fsm::registration_fsm(const options& settings, std::uint32_t seed)
    : options_(settings), backoff_(std::chrono::milliseconds(100), settings.lease_ttl / 3, seed) {}

void registration_fsm::healthy(std::string incarnation) {
  if (target_ == target::draining || target_ == target::gone) return;
  target_ = target::ready;
  if (incarnation != incarnation_) slow_start_began_.reset();
  incarnation_ = std::move(incarnation);
}

void registration_fsm::unhealthy() {
  if (target_ == target::ready) target_ = target::absent;
}

void registration_fsm::drain(time_point now) {
  if (target_ == target::draining || target_ == target::gone) return;
  // A backend that was not well has nothing to drain.
  if (target_ == target::absent || lease_ == 0) return stop(now);
  target_ = target::draining;
  drain_until_ = now + options_.drain;
  retry_at_ = now;
}

void registration_fsm::stop(time_point now) {
  if (target_ == target::gone) return;
  target_ = target::gone;
  give_up_at_ = now + options_.lease_ttl;
  retry_at_ = now;
}

bool registration_fsm::is_over(time_point now) const {
  return target_ == target::gone && (lease_ == 0 || now >= give_up_at_);
}

registration_fsm::action registration_fsm::next(time_point now) {
  if (target_ == target::draining && now >= drain_until_) stop(now);
  if (now < retry_at_)
    return wait{target_ == target::draining ? std::min(retry_at_, drain_until_) : retry_at_};
  switch (target_) {
  case target::absent:
  case target::gone:
    if (lease_ != 0) return start(revoke{lease_}, now);
    return wait{time_point::max()};
  case target::ready:
  case target::draining:
    return next_towards_registered(now);
  }
  return wait{time_point::max()};
}

registration_fsm::action registration_fsm::next_towards_registered(time_point now) {
  const bool is_draining = target_ == target::draining;
  // A new incarnation is another member: the old one's key has to go before its own can be created.
  if (written_ && written_->incarnation != incarnation_) return start(revoke{lease_}, now);
  // Whoever is not registered does not register only to drain.
  if (is_draining && !written_) return wait{drain_until_};
  if (!is_leftover_deleted_) return start(delete_leftover{}, now);
  if (lease_ == 0) return start(grant_lease{}, now);
  const auto weight = weight_at(now);
  if (adopt_revision_) return start(adopt{lease_, incarnation_, *adopt_revision_, weight}, now);
  if (!written_) return start(create{lease_, incarnation_, weight}, now);
  if (is_draining && written_->state != routing::member_state::draining) {
    return start(mark_draining{lease_, incarnation_, written_->weight}, now);
  }
  if (now >= keep_alive_at_) return start(keep_alive{lease_}, now);
  if (is_look_due_) return start(look{lease_, written_->incarnation}, now);
  if (is_draining) return wait{std::min(drain_until_, keep_alive_at_)};
  if (written_->weight < weight) return start(raise_weight{lease_, incarnation_, weight}, now);
  return wait{std::min(next_step_at(now), keep_alive_at_)};
}

/// No step is less than 1.
std::uint32_t registration_fsm::steps() const noexcept {
  return options_.slow_start > milliseconds(0) ? std::min(options_.weight, config::slow_start_steps) : 1;
}

/// The first is the registration itself; the others follow at equal distances, the last at the end of
/// slow_start.
std::uint32_t registration_fsm::steps_taken(time_point now) const {
  if (steps() == 1 || !slow_start_began_) return 1;
  const auto passed = std::min<clock::duration>(now - *slow_start_began_, options_.slow_start);
  return 1 + static_cast<std::uint32_t>(passed * (steps() - 1) / clock::duration(options_.slow_start));
}

std::uint32_t registration_fsm::weight_at(time_point now) const {
  return static_cast<std::uint32_t>(std::uint64_t{options_.weight} * steps_taken(now) / steps());
}

registration_fsm::time_point registration_fsm::next_step_at(time_point now) const {
  const auto taken = steps_taken(now);
  if (taken == steps() || !slow_start_began_) return time_point::max();
  const auto last = static_cast<std::int64_t>(steps()) - 1;
  // Rounded up: at that moment the step has been taken.
  return *slow_start_began_ +
         (clock::duration(options_.slow_start) * taken + clock::duration(last - 1)) / last;
}

registration_fsm::action registration_fsm::start(action what, time_point now) {
  last_ = std::move(what);
  sent_ = now;
  return last_;
}

void registration_fsm::finished(const outcome& what, time_point now) {
  if (std::holds_alternative<failed>(what)) return retry_later(now);
  backoff_.reset();
  if (const auto* lease = std::get_if<granted>(&what)) {
    lease_ = lease->lease;
    keep_alive_at_ = sent_ + options_.lease_ttl / 3;
  } else if (const auto* found = std::get_if<exists>(&what)) {
    take_existing(*found, now);
  } else if (std::holds_alternative<lease_gone>(what)) {
    if (std::holds_alternative<revoke>(last_)) slow_start_began_.reset();
    forget_lease();
  } else if (std::holds_alternative<absent>(what)) {
    miss_key(now);
  } else {
    succeeded(now);
  }
}

void registration_fsm::succeeded(time_point now) {
  if (std::holds_alternative<delete_leftover>(last_)) is_leftover_deleted_ = true;
  if (std::holds_alternative<keep_alive>(last_)) {
    keep_alive_at_ = sent_ + options_.lease_ttl / 3;
    is_look_due_ = true;
  }
  if (std::holds_alternative<look>(last_)) is_look_due_ = false;
  if (std::holds_alternative<revoke>(last_)) {
    forget_lease();
    slow_start_began_.reset();
  }
  if (const auto* made = std::get_if<create>(&last_)) write({made->incarnation, made->weight}, now);
  if (const auto* made = std::get_if<adopt>(&last_)) write({made->incarnation, made->weight}, now);
  if (const auto* made = std::get_if<raise_weight>(&last_)) write({made->incarnation, made->weight}, now);
  if (const auto* made = std::get_if<mark_draining>(&last_)) {
    write({made->incarnation, made->weight, routing::member_state::draining}, now);
  }
  if (!written_) return;
  adopt_revision_.reset();
  holder_lease_.reset();
}

void registration_fsm::write(written what, time_point now) {
  written_ = std::move(what);
  if (!slow_start_began_) slow_start_began_ = now;
}

void registration_fsm::retry_later(time_point now) {
  retry_at_ = now + backoff_.next();
  if (target_ == target::gone) retry_at_ = std::min(retry_at_, give_up_at_);
}

/// The key went with the lease; what is wanted then leads to another of each.
void registration_fsm::forget_lease() {
  lease_ = 0;
  forget_key();
}

void registration_fsm::forget_key() {
  written_.reset();
  adopt_revision_.reset();
  is_look_due_ = false;
}

void registration_fsm::miss_key(time_point now) {
  const bool was_written = written_.has_value();
  forget_key();
  if (was_written && target_ == target::ready) retry_at_ = now + successor_first;
}

void registration_fsm::take_existing(const exists& found, time_point now) {
  forget_key();
  const bool is_own = found.incarnation == incarnation_;
  if (is_own && found.lease == lease_) {
    // Created by an earlier attempt whose answer was lost.
    write({incarnation_, found.weight}, now);
    holder_lease_.reset();
  } else if (is_own) {
    adopt_revision_ = found.mod_revision;
  } else {
    holder_lease_ = found.lease;
    slow_start_began_.reset(); // by the time that the key is free its sessions are elsewhere
    retry_at_ = now + options_.lease_ttl;
  }
}

} // namespace limpet::agent
