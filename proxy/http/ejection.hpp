#pragma once

#include "proxy/http/snapshot.hpp"
#include "proxy/net/ejection.hpp"

#include <cstdint>

namespace limpet::http {

/// What comes of a member's misconduct.
struct sentence {
  enum class kind : std::uint8_t {
    none,     ///< nothing yet
    ejected,  ///< left alone for `time`
    withheld, ///< it would be, but too many are already, or nobody else is left
  };
  kind what = kind::none;
  net::milliseconds time{0};
};

/// Tells of a request to `member` (of the pool's view) that began at `began` and went wrong, and ejects the
/// member if that was one too many. Never more than the pool's policy allows at once, whatever the workers do
/// at the same time, and never the last ready member that can be reached. For all workers; waits for nobody.
sentence judge(const pool_snapshot& pool, std::uint32_t member, net::misconduct what,
               net::clock::time_point began, net::clock::time_point now) noexcept;

} // namespace limpet::http
