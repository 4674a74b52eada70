#include "config/declaration.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

namespace limpet::config {

namespace {

constexpr std::uint32_t per_second_max = 1'000'000;

} // namespace

type_ptr<removal_settings> removal_section() {
  using s = removal_settings;
  return section<s>({
      key("action", &s::action, choice<removal_action>({"keep", "drain", "close"}),
          "`keep`: they stay until they end by themselves. `drain`: WebSockets get a close frame (1012) "
          "between two messages, event streams end between two events, requests finish, and what is left at "
          "the deadline is cut, tunnels of other protocols among it. `close`: the same at once, when the "
          "member is removed; requests are answered 503. A member that drains is let go of as by `drain`; "
          "what is pinned to it stays until it is removed."),
      key("deadline", &s::deadline, duration(1ms, 24h),
          "How long after the member was removed, or began to drain, what is left of it is cut."),
      key("per_second", &s::per_second, number(0, per_second_max),
          "How many tunnels and event streams are let go a second, by all workers together. 0: spread evenly "
          "over half the deadline, one a second and worker at the least."),
      key("jitter_percent", &s::jitter_percent, number(0, 100),
          "By how much of the time between two of them each is put off at random."),
  });
}

type_ptr<rebalance_settings> rebalance_section() {
  using s = rebalance_settings;
  return section<s>({
      key("per_second", &s::per_second, number(0, per_second_max),
          "How many tunnels and event streams whose session has another owner now are let go a second, as "
          "under `on_remove`, by all workers together. Pinned sessions stay where they are. 0: none, which "
          "is an error with `handoff: barrier`."),
      key("jitter_percent", &s::jitter_percent, number(0, 100),
          "By how much of the time between two of them each is put off at random."),
  });
}

} // namespace limpet::config
