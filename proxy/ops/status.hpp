#pragma once

#include "proxy/ops/backend.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ops {

/// What /status shows: the process, and under "pools" what /members shows.
boost::json::object status_json(const process_facts& facts, bool is_ready, double start_unix_seconds,
                                boost::json::object members);

/// What came of asking one proxy.
struct proxy_report {
  std::string address;
  std::optional<boost::json::object> status; ///< what its /status told
  std::string problem = {};                  ///< why there is none
};

/// "limpet 0.1.0, up 3d 4h, 2 workers, ready", or why that is not known.
std::string headline_text(const proxy_report& proxy, std::int64_t now_unix_s);

/// One proxy's status for people, in lines of 80 columns where names allow. Never throws for what it holds;
/// no control characters but line ends.
std::string status_text(const proxy_report& proxy, std::int64_t now_unix_s);

/// Whether proxies agree on what they place sessions by: their versions' placement, the pools that they have,
/// and the members of each. Epochs may differ with the same members, since each proxy counts only what it has
/// seen; and whether a member can be reached is each proxy's own.
struct comparison {
  std::vector<std::string> differences; ///< one line each
  std::vector<std::string> notes;       ///< what differs and need not be the same
  bool is_complete = true;              ///< all could be asked
};

comparison compare(const std::vector<proxy_report>& proxies);

/// A line a proxy, a line a pool that they agree on, and what compare() found.
std::string comparison_text(const std::vector<proxy_report>& proxies, const comparison& found,
                            std::int64_t now_unix_s);

/// "3d 4h", "5m 12s": the two largest units.
std::string duration_text(std::int64_t seconds);

} // namespace limpet::ops
