#pragma once

#include "deploy/demo/store.hpp"

#include <cstdint>
#include <string>

namespace limpet::demo {

/// What all connections of this process share. One thread, so nothing is locked.
struct service {
  std::string id;
  std::string incarnation; ///< fresh for each start, since the state is
  store sessions;
  std::uint64_t requests = 0;
  std::uint64_t connections = 0; ///< accepted since the start
  bool draining = false;         ///< answers say `Connection: close`, streams end
};

} // namespace limpet::demo
