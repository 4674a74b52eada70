#pragma once

#include "proxy/ops/backend.hpp"

#include <boost/json/fwd.hpp>

#include <chrono>
#include <vector>

namespace limpet::ops {

/// What /members shows: each pool with its view, its source, what operators drain, and each member with its
/// state, whether sessions are placed to it and what speaks against that, the connections open to it, and
/// what is under way with it: `live`, of that incarnation and address, by `counters`, the sum of all
/// workers'; "held" or "leaving" where its source has taken it out. `left` has what is still under way with
/// members that are not in the view any more, one entry an incarnation.
boost::json::object members_json(const std::vector<pool_facts>& pools, const net::counter_shard& counters,
                                 std::chrono::steady_clock::time_point now);

} // namespace limpet::ops
