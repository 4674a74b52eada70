#pragma once

#include "proxy/ops/backend.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace limpet::ops {

/// Operators' drains of members, as /drains has them. What the admin server does about the proxy's own drain
/// is another page, /drain.
enum class drain_verb : std::uint8_t { begin, undo };

/// Whether it can stand as `by` of a drain: 1 to 128 bytes of printable ASCII.
bool can_be_named(std::string_view by) noexcept;

/// What is to be written.
struct drain_target {
  std::string pool;
  std::string member;
  std::string by; ///< of a drain that begins
};

/// A status and what is said with it; an error stands under "error".
struct drain_answer {
  unsigned status = 200;
  boost::json::object content;
};

/// Which drain a query means (pool=P, member=M, by=WHO; pool may be left out where one pool alone has the
/// member), or why it cannot be written here: 400 for a query that says too little or too much, 404 for an
/// unknown pool or member, with what there is, 409 where the pool's members do not come from etcd, with the
/// way to do it there, 503 where the pool's members are not known yet.
std::variant<drain_target, drain_answer> find_drain_target(const std::vector<pool_facts>& pools,
                                                           std::string_view query, drain_verb verb);

/// What is said of an attempt: 200, 404 where there was nothing to undo, 503 where the store did not answer,
/// 502 where it refused. Of a drain that has begun also under "notes", in words, what `pools` say that keeps it
/// from having an effect, or makes it worse than it was meant to be: the pool is suspended, the member is only
/// held in the view, no other is ready.
drain_answer answer_of(const drain_target& target, drain_verb verb, const drain_outcome& outcome,
                       const std::vector<pool_facts>& pools);

/// One pool's: member, who and when where it is known, and whether the member is there.
boost::json::array drains_array(const std::vector<membership::operator_drain>& drains);

/// All pools'.
boost::json::object drains_json(const std::vector<pool_facts>& pools);

} // namespace limpet::ops
