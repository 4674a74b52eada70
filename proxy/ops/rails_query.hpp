#pragma once

#include "proxy/ops/backend.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace limpet::ops {

/// The pools that a request for /membership/... is about.
struct chosen_pools {
  std::vector<std::string> names;
  unsigned status = 200; ///< else there are none, and `complaint` says why, with a newline
  std::string complaint;
};

/// "pool=NAME", percent-encoded, is one; an empty query is all that have rails. 400 for any other query, 404
/// for a pool that there is not, 409 for one without rails, or where no pool has any.
chosen_pools choose_pools(const std::vector<pool_facts>& pools, std::string_view query);

} // namespace limpet::ops
