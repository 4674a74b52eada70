#pragma once

#include <cstdint>
#include <string>

namespace limpet::routing {

/// What a member says of itself. A draining member takes no new sessions and leaves the ranking.
enum class member_state : std::uint8_t { ready, draining };

/// One backend instance, as the membership source has it. Two members with the same id and another
/// incarnation or address are two members: what the first one held in memory, the second does not hold.
struct member {
  std::string id;           ///< stable name; placement hashes this and nothing else
  std::string incarnation;  ///< tells a restarted member from the one before; may be empty (static source)
  std::string address;      ///< "host:port", "[v6]:port" or "unix:/path"
  std::uint32_t weight = 1; ///< share of the sessions relative to the others; 1 to member_weight_max
  std::string zone;         ///< where it runs; carried, not yet used by placement
  member_state state = member_state::ready;

  friend bool operator==(const member&, const member&) = default;
};

inline constexpr std::uint32_t member_weight_max = 65'535;

} // namespace limpet::routing
