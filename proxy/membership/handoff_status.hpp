#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// Where a pool's hand-off stands, for metrics and the admin pages.
struct handoff_status {
  std::string incarnation; ///< "proxy.inc", as in the store; empty between two
  bool registered = false;
  std::string halted; ///< why the pool serves nobody; empty: it does
  std::uint64_t revision = 0;
  bool is_prepare = false;
  std::chrono::milliseconds prepared_for{0}; ///< how long this proxy has held the PREPARE
  std::vector<std::string> waits_for;        ///< incarnations that have not acknowledged it
  std::size_t workers_waited_for = 0;        ///< of this proxy
  std::chrono::milliseconds fence_left{0};   ///< 0: fenced
  std::uint64_t commits = 0;                 ///< seen by this process
  std::chrono::milliseconds last_handoff{0}; ///< from the PREPARE to the commit, as seen here

  enum class step : std::uint8_t { committed, drains, waits_for_others, not_registered, stopped };
  step stage() const noexcept {
    if (!halted.empty()) return step::stopped;
    if (!registered) return step::not_registered;
    if (!is_prepare) return step::committed;
    return workers_waited_for > 0 ? step::drains : step::waits_for_others;
  }
};

/// "committed", "drains", ...
std::string_view to_string(handoff_status::step s) noexcept;

} // namespace limpet::membership
