#pragma once

#include "routing/placement.hpp"
#include "routing/view.hpp"

#include <cstdint>
#include <string_view>

namespace limpet::routing {

/// What has become of the bond between a live stream and its member.
enum class bond : std::uint8_t {
  holds,    ///< it stays where it is
  removed,  ///< its member is not in the view any more
  draining, ///< its member drains, and its session would go elsewhere
  moved,    ///< its session has another owner, though the member is well
};

struct followed {
  bond now = bond::holds;
  bool away = false; ///< it stays, but not with its owner, who cannot be reached: ask again once he can

  friend bool operator==(const followed&, const followed&) = default;
};

/// Whether a live stream (a request in flight, an event stream, a tunnel) is still where its session belongs.
/// `key` is what key_after() said; `member` its index in this view, or view::npos where the view lacks it: a
/// member with another incarnation or address is another one. The first row that fits holds:
///
/// | member   | session       | place() of it names | bond     |
/// | -------- | ------------- | ------------------- | -------- |
/// | gone     |               |                     | removed  |
/// | ready    | no key        |                     | holds    |
/// |          |               | nobody, or it       | holds    |
/// | draining |               | another             | draining |
/// | ready    |               | another             | moved    |
///
/// The decision is place()'s: a pin that is still valid holds, on a draining member too. `unreachable` is
/// asked about others, so that nobody is sent to a member that does not answer, and never about the stream's
/// own: it is connected. It must be sure: a member that is only believed to be back would draw streams away
/// from one that serves them.
followed follow(const view& v, const placement_policy& policy, const placement_key& key, std::uint32_t member,
                skip_function unreachable);

/// The key as the session's next request will bring it: with the pin of the cookie that the answer issues,
/// where placement `p` of `key` issues one.
placement_key key_after(const placement& p, const view& v, const placement_policy& policy,
                        const placement_key& key) noexcept;

/// Whether a session whose member is in both views, and ready in both, may have another owner in `after`:
/// there is a ready member that was none before, or has another weight. Where not, a change concerns only
/// sessions of the members that left or began to drain.
bool may_move_others(const view& before, const view& after) noexcept;

/// "holds", "removed", "draining" or "moved".
std::string_view to_string(bond b) noexcept;

} // namespace limpet::routing
