#pragma once

#include "config/config.hpp"
#include "proxy/http/epoch_waits.hpp"
#include "proxy/http/pacer.hpp"
#include "proxy/net/ejection.hpp"
#include "proxy/net/member_target.hpp"
#include "proxy/net/strict_view.hpp"
#include "routing/envelope.hpp"
#include "routing/placement.hpp"
#include "routing/route_table.hpp"
#include "routing/token.hpp"
#include "routing/view.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace limpet::http {

/// What all workers of the process share of one pool, whatever its snapshot: relaxed atomics. Lives as long
/// as the configuration has the pool.
struct pool_state {
  /// A worker looks whether one more member may be ejected. Who finds it taken does not wait: its next cause
  /// for an ejection comes.
  std::atomic<bool> is_ejecting{false};
  known_epoch known; ///< of the store that its members come from
  pacer leaving;     ///< tunnels and event streams of members that were removed or drain
  pacer moving;      ///< of sessions that have another owner
  std::atomic<std::size_t> waiting_to_move{0}; ///< of those, on all workers
  std::atomic<std::uint64_t> recoveries{0};    ///< members that answered again after they did not
};

/// One pool as workers see it: its view and what its configuration says. Immutable.
struct pool_snapshot {
  std::uint32_t number = 0; ///< stands for the name in counters; never used again for another
  config::pool settings;
  routing::placement_policy placement;
  net::ejection_policy ejection;
  routing::view view;
  std::vector<net::member_target> targets;        ///< parallel to view.members()
  routing::cookie_attributes cookie;              ///< where the pool issues one
  std::vector<routing::envelope_field> envelopes; ///< of the session key's sources, in their order
  std::shared_ptr<pool_state> state;
  std::optional<net::strict_view> strict; ///< of a pool that hands over by a barrier
  std::string digest_key;                 ///< session_digest_key(), of such a pool

  // Against the same pool in the snapshot before; see compare().
  std::uint64_t arrivals = 0; ///< grows where a session may have another owner though its member is well
  std::vector<std::uint32_t> turned; ///< numbers of the members that came, left, began to drain or ceased to

  /// Fills these in. `before` is null where there was no such pool.
  void compare(const pool_snapshot* before);
};

/// Where the member of a number stands.
struct member_place {
  std::uint32_t number;
  std::uint32_t pool;  ///< index into snapshot::pools
  std::uint32_t index; ///< into its view's members
};

struct route_snapshot {
  std::uint32_t number = 0;
  config::route settings;
  std::shared_ptr<const pool_snapshot> pool;
};

/// Everything that a request is routed by, at one moment: a request uses one snapshot from placement to
/// dispatch. Built and freed by the control thread; workers share it read-only.
struct snapshot {
  std::uint64_t number = 0; ///< grows with each one published
  routing::route_table table;
  std::vector<route_snapshot> routes; ///< in the order of the table
  std::vector<std::shared_ptr<const pool_snapshot>> pools;
  std::shared_ptr<const routing::token_keys> keys; ///< empty ring: no signing keys
  config::limit_settings limits;
  config::timeout_settings timeouts;
  config::forwarded_settings forwarded;
  std::chrono::milliseconds epoch_wait =
      epoch_wait_max;               ///< most that a request waits for members to be read again
  std::vector<member_place> places; ///< of all members, by their number

  /// Fills in the places.
  void index_members();
  /// Null where no pool has the member.
  const member_place* find(std::uint32_t number) const noexcept;
};

} // namespace limpet::http
