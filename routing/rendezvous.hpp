#pragma once

#include "routing/function_ref.hpp"
#include "routing/mix64.hpp"
#include "routing/view.hpp"

#include <cstdint>
#include <vector>

namespace limpet::routing {

/// Weighted rendezvous hashing (Thaler and Ravishankar 1998; weights after Schindelhauer and Schomaker 2005).
///
/// score(key, id) = mix64(key_hash ^ hash_bytes(id)). Within a weight class the highest score wins. Between
/// classes the winner has the smallest neg_log2(score) / weight. Ties go to the higher score, then to the
/// smaller id: a total order that depends on no other member, so that the loss of a member moves its own
/// sessions and no others. Integers only: every build on every machine agrees.

/// What key and member id are worth together.
constexpr std::uint64_t placement_score(std::uint64_t key_hash, std::uint64_t id_hash) noexcept {
  return mix64(key_hash ^ id_hash);
}

/// Called with a member's index; true leaves the member out.
using skip_function = function_ref<bool(std::uint32_t)>;

/// Index of the owner among the view's ready members, or view::npos where there is none. Takes no logarithm
/// where all members have the same weight.
std::uint32_t owner(const view& v, std::uint64_t key_hash) noexcept;

/// The owner if the members for which `skip` is true did not exist: the next in the key's ranking. Asks only
/// for members that would win, so that `skip` is not called for each.
std::uint32_t owner(const view& v, std::uint64_t key_hash, skip_function skip);

struct ranked {
  std::uint32_t member; ///< index into view::members()
  std::uint64_t score;  ///< mix64 of key and id
  friend bool operator==(const ranked&, const ranked&) = default;
};

/// All ready members, the owner first. For explain and tests; allocates.
std::vector<ranked> ranking(const view& v, std::uint64_t key_hash);

} // namespace limpet::routing
