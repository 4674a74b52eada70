#include "proxy/http/departure_pace.hpp"

#include <algorithm>

namespace limpet::http {

using std::chrono::nanoseconds;

void departure_pace::join(time now, std::uint64_t random) noexcept {
  if (joined_++ > 0) return;
  last_ = now;
  jitter_ = static_cast<std::uint32_t>(random >> 32);
}

void departure_pace::rest() noexcept {
  joined_ = 0;
  slot_.reset();
}

nanoseconds departure_pace::step(const settings& how) const noexcept {
  if (how.per_second > 0) return nanoseconds(std::chrono::seconds(1)) / how.per_second;
  if (how.count > 0) return nanoseconds(how.within) / static_cast<std::int64_t>(how.count);
  const auto share = nanoseconds(how.within) / static_cast<std::int64_t>(std::max<std::uint64_t>(joined_, 1));
  return std::min(share, nanoseconds(longest_step));
}

departure_pace::time departure_pace::put_off(time t, const settings& how) const noexcept {
  const auto most = step(how) * how.jitter_percent / 100;
  return t + nanoseconds(static_cast<std::int64_t>(static_cast<double>(most.count()) * (jitter_ * 0x1p-32)));
}

departure_pace::time departure_pace::next(const settings& how, pacer& shared, time now) noexcept {
  const auto due = last_ + step(how);
  if (how.per_second == 0) return put_off(due, how);
  if (!slot_) slot_ = shared.take(std::max(due, now - catch_up), step(how));
  return put_off(*slot_, how);
}

void departure_pace::gone(const settings& how, time now, std::uint64_t random) noexcept {
  // At a rate the pacer knows how far the others are.
  const auto due = how.per_second > 0 ? slot_.value_or(now) : last_ + step(how);
  last_ = std::max(due, now - catch_up);
  slot_.reset();
  jitter_ = static_cast<std::uint32_t>(random >> 32);
}

departure_pace::settings in_time(const departure_pace::settings& rate, const handed_over& what) noexcept {
  const auto seconds = std::chrono::duration<double>(what.left).count();
  if (static_cast<double>(what.all) <= rate.per_second * seconds) return rate;
  const auto left = std::max(std::chrono::floor<net::milliseconds>(what.left), net::milliseconds(0));
  return {0, left, rate.jitter_percent, std::max<std::size_t>(what.here, 1)};
}

} // namespace limpet::http
