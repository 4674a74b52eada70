#pragma once

#include "proxy/ops/backend.hpp"

#include <boost/json/fwd.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace limpet::ops {

/// One moment on both clocks: rails count on the steady one, people read the other.
struct moment {
  std::chrono::steady_clock::time_point steady;
  std::chrono::system_clock::time_point wall;
  static moment now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }
};

/// What /membership shows of each pool: what its source says, and what the rails hold back, why and until
/// when.
boost::json::object membership_json(const std::vector<pool_facts>& pools, const moment& now);

/// The same for people, as `limpet membership` prints it. The object may come from another process: whatever
/// is not as it should be is left out, and no control character gets through.
std::string membership_text(const boost::json::object& told);

} // namespace limpet::ops
