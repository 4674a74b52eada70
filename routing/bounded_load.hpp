#pragma once

#include "routing/function_ref.hpp"
#include "routing/rendezvous.hpp"
#include "routing/view.hpp"

#include <cstdint>

namespace limpet::routing {

/// What is under way at a member, by its index.
using load_function = function_ref<std::uint32_t(std::uint32_t)>;

/// Consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2016), with weights: a member
/// takes one more while busy + 1 <= ceil(c * (total + 1) * weight / W), with the total and W of all ready
/// members that can be reached. As long as loads stand still there is always one that does, since c > 1.
/// Integers only.
class load_bound {
public:
  /// `thousandths` is c, over 1000. Asks for each ready member, and for the load of those that can be
  /// reached.
  load_bound(const view& v, std::uint32_t thousandths, skip_function unreachable, load_function busy);

  /// Whether a member of this weight with so much under way takes one more.
  bool has_room(std::uint32_t load, std::uint32_t weight) const noexcept;
  /// The most that a member of this weight may have under way.
  std::uint64_t most(std::uint32_t weight) const noexcept;

private:
  std::uint64_t thousandths_;
  std::uint64_t after_ = 1; ///< in all, with the session that is to be placed
  std::uint64_t weights_ = 0;
};

} // namespace limpet::routing
