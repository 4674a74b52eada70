#pragma once

#include "proxy/net/types.hpp"
#include "routing/placement.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace limpet::http {

struct member_streams;

enum class stream_kind : std::uint8_t {
  request,      ///< ends by itself
  event_stream, ///< an answer without an end, which can be ended after any event
  tunnel,
  count_
};
inline constexpr auto stream_kinds = static_cast<std::size_t>(stream_kind::count_);

/// Why a live stream is let go. The number is a label of metrics.
enum class parting : std::uint8_t {
  removed,  ///< its member is not in the view any more
  draining, ///< its member drains
  moved,    ///< its session has another owner
  fenced,   ///< the proxy may not serve the pool any more (`handoff: barrier`)
  count_
};
inline constexpr auto partings = static_cast<std::size_t>(parting::count_);

/// In the access log: "member_removed", "member_draining", "rebalanced" or "fenced".
std::string_view name_of(parting why) noexcept;
/// In a close frame.
std::string_view reason_of(parting why) noexcept;

/// What is under way with one member: a request, an event stream or a tunnel. While it is in the worker's
/// index (live_streams) it can be found by its member, and is let go when its session belongs elsewhere. It
/// keeps its session's key, never a snapshot. Touched by its worker alone.
class live_stream {
public:
  live_stream(const live_stream&) = delete;

  bool is_listed() const noexcept { return member_ != nullptr; }

  enum class phase : std::uint8_t {
    bound,  ///< to its member
    leaves, ///< waits to be let go: its member was removed or drains
    moves,  ///< waits to be let go: its session has another owner
    parted, ///< was let go, and ends by itself unless it may stay after all
    ended   ///< is not asked about any more
  };

protected:
  live_stream() = default;
  virtual ~live_stream(); ///< takes itself out of the index

private:
  friend class departures;
  friend class live_streams;
  friend class stream_list;

  /// The session's key, as its next request will bring it.
  virtual routing::placement_key session() const noexcept = 0;
  /// Ends it where that hurts least, within `within`; then it is ended all the same. Asked of tunnels and
  /// event streams, once, and of requests that are not to take longer.
  virtual void let_go(parting why, net::milliseconds within) = 0;
  /// Takes back let_go(): its session belongs here again. False where that is too late, since an end was told
  /// or it is ending already.
  virtual bool stay() noexcept = 0;
  /// Ends it now, and tells its ends so as far as that is possible.
  virtual void end_now(parting why) = 0;

  static constexpr std::uint32_t nowhere = 0xffff'ffff;
  member_streams* member_ = nullptr;
  live_stream* next_ = nullptr; ///< while it waits
  live_stream* previous_ = nullptr;
  std::uint32_t places_[2]{nowhere, nowhere}; ///< in its member's list, and in its pool's of those away
  stream_kind kind_ = stream_kind::request;
  phase phase_ = phase::bound;
};

} // namespace limpet::http
