#include "proxy/net/ejection.hpp"

#include <algorithm>

namespace limpet::net {

std::string_view to_string(misconduct what) noexcept {
  switch (what) {
  case misconduct::closed_early:
    return "member_closed_early";
  case misconduct::malformed_answer:
    return "malformed_answer";
  case misconduct::answer_timeout:
    return "answer_timeout";
  case misconduct::server_error:
    return "server_error";
  }
  return "unknown";
}

bool conduct::bad(const ejection_policy& policy, misconduct what, clock::time_point began,
                  clock::time_point now) noexcept {
  if (policy.is_off() || is_stale(began)) return false;
  const bool is_answer = what == misconduct::server_error;
  if (is_answer && policy.errors == 0) {
    good(began);
    return false;
  }
  if (what == misconduct::closed_early) {
    if (ns(began) <= last_cut_ns_.load(std::memory_order_relaxed)) return false;
    last_cut_ns_.store(ns(now), std::memory_order_relaxed);
  }
  bool is_too_many = false;
  if (is_answer)
    failures_.store(0, std::memory_order_relaxed);
  else if (policy.failures > 0)
    is_too_many = failures_.fetch_add(1, std::memory_order_relaxed) + 1 >= policy.failures;
  if (policy.errors > 0)
    is_too_many = errors_.fetch_add(1, std::memory_order_relaxed) + 1 >= policy.errors || is_too_many;
  return is_too_many;
}

milliseconds conduct::eject(const ejection_policy& policy, clock::time_point now) noexcept {
  const bool begins_anew = until_ns_.load(std::memory_order_relaxed) == 0 ||
                           now - ejected_until() >= clock::duration(policy.longest);
  const auto times_max = static_cast<std::uint32_t>(policy.longest / policy.base + 1);
  const auto times = begins_anew ? 1 : std::min(times_.load(std::memory_order_relaxed) + 1, times_max);
  const auto time = std::min(policy.base * times, policy.longest);
  times_.store(times, std::memory_order_relaxed);
  failures_.store(policy.failures > 0 ? policy.failures - 1 : 0, std::memory_order_relaxed);
  errors_.store(policy.errors > 0 ? policy.errors - 1 : 0, std::memory_order_relaxed);
  on_probation_.store(true, std::memory_order_relaxed);
  until_ns_.store(ns(now + time), std::memory_order_relaxed);
  return time;
}

void conduct::pardon() noexcept {
  let_off();
  on_probation_.store(false, std::memory_order_relaxed);
  times_.store(0, std::memory_order_relaxed);
  until_ns_.store(0, std::memory_order_relaxed);
}

} // namespace limpet::net
