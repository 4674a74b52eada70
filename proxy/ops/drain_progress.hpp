#pragma once

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::ops {

/// What one proxy still has to do with a member that drains, as its /members tells.
struct drain_progress {
  enum class state : std::uint8_t {
    unknown, ///< it cannot be told: see `problem`
    ready,   ///< the proxy has not heard of the drain, or it was undone
    draining,
    gone, ///< the member is not in the proxy's view; something may still be under way with it
  };

  state where = state::unknown;
  std::string pool; ///< where the member was found
  std::uint64_t requests = 0;
  std::uint64_t event_streams = 0;
  std::uint64_t tunnels = 0;
  std::uint64_t connections = 0; ///< open to the member, idle ones included; they hold nothing up
  std::string problem = {};
  std::string incarnation = {}; ///< the member's; empty where it is gone

  /// Nothing is left of it there. Sessions that are pinned to it may come again.
  bool is_over() const noexcept {
    const bool leaves = where == state::gone || where == state::draining;
    return leaves && requests == 0 && event_streams == 0 && tunnels == 0;
  }
  friend bool operator==(const drain_progress&, const drain_progress&) = default;
};

/// `pool` may be empty where one pool alone has the member. Of a member that is gone, what is left of
/// `incarnation` counts, the one that was seen last; where that is empty, of any. Never throws for what
/// `members` holds.
drain_progress read_drain_progress(const boost::json::object& members, std::string_view pool,
                                   std::string_view member, std::string_view incarnation = {});

/// "draining, 2 requests and 1 tunnel left (5 connections)". No line end, no control characters.
std::string progress_text(const drain_progress& progress);

} // namespace limpet::ops
