#pragma once

#include "proxy/net/write_fence.hpp"
#include "routing/ownership/record.hpp"

#include <cstdint>
#include <memory>

namespace limpet::net {

/// What a pool that hands over by a barrier is served by, beside its members: from its source through a
/// snapshot to the workers.
struct strict_view {
  std::shared_ptr<const ownership::owners> owners;
  std::shared_ptr<const write_fence> fence;
  /// Of this process in the pool's barrier set, from 1. With another number all that is in flight is given
  /// up.
  std::uint64_t incarnation = 0;
  /// How often the fence's time was over. Each time, what is endless ends, which would go on behind it.
  std::uint64_t lapses = 0;
  friend bool operator==(const strict_view&, const strict_view&) = default;
};

/// What a worker says once it serves by such a view, and each time that its answer changes.
struct strict_word {
  std::size_t worker = 0;
  std::uint64_t incarnation = 0; ///< nothing of an earlier one is in flight there but what was given up
  std::uint64_t revision = 0;    ///< of the owners that it has applied
  bool none_left = false;        ///< nothing that these owners move is in flight there
  bool has_left = false;         ///< it was told to leave, and nothing at all is in flight there
  friend bool operator==(const strict_word&, const strict_word&) = default;
};

} // namespace limpet::net
