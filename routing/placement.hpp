#pragma once

#include "routing/bounded_load.hpp"
#include "routing/rendezvous.hpp"
#include "routing/token.hpp"
#include "routing/view.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace limpet::routing {

/// What becomes of a session whose member is unreachable.
enum class fail_over : std::uint8_t {
  next,   ///< it goes to the next member of its ranking
  refuse, ///< it waits for its member: 503
};

/// What becomes of a request without a session key.
enum class no_key : std::uint8_t { balance, refuse };

/// What a pool's configuration says of placement.
struct placement_policy {
  fail_over on_unreachable = fail_over::next;
  no_key without_key = no_key::balance;
  bool pin = false; ///< issued cookies keep the member where their session was first placed
  /// 1250: a new session goes past members that have 1.25 times their share under way; 0: it does not.
  std::uint32_t bounded_load_thousandths = 0;

  friend bool operator==(const placement_policy&, const placement_policy&) = default;
};

/// The session that is to be placed.
struct placement_key {
  enum class origin : std::uint8_t {
    none,    ///< the request has no key and none is issued
    request, ///< the key is what the request says: a header, a path segment, a cookie of the application, ...
    token,   ///< the key is the session id of a valid issued cookie
    fresh,   ///< the key is a session id that was drawn for this request
    envelope, ///< the key is a value that the application issued, and its tag the pin, whatever the pool says
  };

  origin from = origin::none;
  std::uint64_t hash = 0;        ///< hash_bytes(key); unused with no key
  std::uint64_t pin_id_hash = 0; ///< of the token or the envelope's tag, 0 with no pin
  std::uint64_t pin_incarnation_hash = 0;

  static placement_key of_request(std::uint64_t hash) noexcept { return {origin::request, hash, 0, 0}; }
  static placement_key of_token(const session_token& token) noexcept;
  /// For a new session id, drawn at random by the caller.
  static placement_key of_fresh(const session_id_bytes& id) noexcept;
  /// `tag` as extract_session_key gives it.
  static placement_key of_envelope(std::uint64_t hash, const session_token& tag) noexcept;
};

/// Why a member was chosen, or none.
enum class placement_reason : std::uint8_t {
  owner,             ///< the first of the key's ranking
  pin,               ///< the member that the cookie names
  balanced,          ///< no key: any reachable member, by weight
  failed_over,       ///< the owner or pinned member is unreachable: the next of the key's ranking
  spilled,           ///< a new session, and those before in its ranking have more than their share
  no_key_refused,    ///< none: no key, and the pool wants one
  no_members,        ///< none: the view has no ready member
  owner_unreachable, ///< none: the owner or pinned member is unreachable and fail-over is off, or so are all
                     ///< members
  member_gone,       ///< none: the envelope's member is not in the view and fail-over is off
};

/// What became of the session's stickiness; a label of limpet_sticky_total.
enum class sticky_outcome : std::uint8_t {
  hit,   ///< the member that the key's ranking, or the cookie's pin, names
  new_,  ///< a session that begins with this answer
  moved, ///< another member than the cookie names, or than the key's owner
  none,  ///< no key, or no member was chosen
};

struct placement {
  std::uint32_t member = view::npos; ///< index into view::members(), or npos
  placement_reason reason = placement_reason::no_members;
  sticky_outcome sticky = sticky_outcome::none;
  bool issue = false; ///< the answer carries a cookie with token_for() of this placement

  friend bool operator==(const placement&, const placement&) = default;
};

/// The one decision of where a request goes, for all protocols and for explain. The first row that fits
/// holds:
///
/// | session                            | its member           | reachable  | chosen | reason            |
/// | ---------------------------------- | -------------------- | ---------- | ------ | ----------------- |
/// | no key, refuse                     |                      |            | none   | no_key_refused    |
/// | no key, balance (new)              | any ready, by weight | one is     | it     | balanced          |
/// | pinned: the pool pins a token, or  | the one pinned       | yes        | it     | pin               |
/// |   it is an envelope, and the pin   |                      | no, next   | next   | failed_over       |
/// |   is in the view                   |                      | no, refuse | none   | owner_unreachable |
/// | free (new): the pool pins, and the | the key's owner      | yes        | it     | owner             |
/// |   token is fresh or its pin left   |                      | no         | next   | failed_over       |
/// | gone: the envelope's pin left      | the key's owner      | yes, next  | it     | owner             |
/// |                                    |                      | no, next   | next   | failed_over       |
/// |                                    |                      | refuse     | none   | member_gone       |
/// | any other key                      | the key's owner      | yes        | it     | owner             |
/// |                                    |                      | no, next   | next   | failed_over       |
/// |                                    |                      | no, refuse | none   | owner_unreachable |
///
/// With no ready member to fall back on, the reason is no_members; with none that is reachable,
/// owner_unreachable. A pin is in the view when a member, ready or draining, has the same id and incarnation:
/// draining members keep their pinned sessions and nothing else. A free session has nothing in memory
/// anywhere, so `refuse` would protect nothing. A pool that does not pin ignores pins of tokens.
///
/// With a bounded load, a new session that would go to a member with more than its share goes to the first of
/// its ranking that has room (load_bound), and the reason is spilled. A session whose envelope's member is
/// gone is not new: nothing tells the client of another member before the application issues a value again.
///
/// A cookie is issued to a fresh session, and to a token that says something else of its pin than a new one
/// would: the pin moved, the pool began to pin, or it ceased to. An unpinned session that fails over keeps
/// its cookie, and returns.
///
/// `random` is 64 random bits, used where there is no key. `unreachable` is asked for few members, with their
/// index; `busy` for new sessions of a pool with a bounded load, and then both for every ready one.
placement place(
    const view& v, const placement_key& key, const placement_policy& policy, std::uint64_t random,
    skip_function unreachable, load_function busy = [](std::uint32_t) { return 0; });

/// The token to issue for `p`, which has chosen a member of `v`: pinned to it where the policy pins.
session_token token_for(const placement& p, const view& v, const placement_policy& policy,
                        const session_id_bytes& id, std::int64_t expires_unix_s) noexcept;

/// As in logs, metrics and explain: "owner", "failed_over", ...
std::string_view to_string(placement_reason reason) noexcept;
/// "hit", "new", "moved" or "none".
std::string_view to_string(sticky_outcome outcome) noexcept;

} // namespace limpet::routing
