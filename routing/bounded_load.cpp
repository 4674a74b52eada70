#include "routing/bounded_load.hpp"

namespace limpet::routing {
namespace {

__extension__ typedef unsigned __int128 uint128;

} // namespace

load_bound::load_bound(const view& v, std::uint32_t thousandths, skip_function unreachable,
                       load_function busy)
    : thousandths_(thousandths) {
  for (const view::weight_class& c : v.classes())
    for (const std::uint32_t m : c.members) {
      if (unreachable(m)) continue;
      after_ += busy(m);
      weights_ += c.weight;
    }
}

/// For whole numbers load + 1 <= ceil(share) is load < share.
bool load_bound::has_room(std::uint32_t load, std::uint32_t weight) const noexcept {
  return uint128{load} * weights_ * 1000 < uint128{thousandths_} * after_ * weight;
}

std::uint64_t load_bound::most(std::uint32_t weight) const noexcept {
  if (weights_ == 0) return 0;
  const uint128 share = uint128{thousandths_} * after_ * weight;
  const uint128 parts = uint128{weights_} * 1000;
  return static_cast<std::uint64_t>((share + parts - 1) / parts);
}

} // namespace limpet::routing
