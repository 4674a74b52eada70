#include "proxy/membership/etcd/rotation.hpp"

#include <algorithm>

namespace limpet::etcd {
namespace {

std::chrono::milliseconds draw(std::chrono::milliseconds least, std::chrono::milliseconds most,
                               std::minstd_rand& random) {
  // Not std::uniform_int_distribution: its results may differ between libraries, and tests pin these.
  const auto span = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + std::chrono::milliseconds(random() % span);
}

} // namespace

backoff::milliseconds backoff::next() {
  constexpr unsigned doublings_max =
      16; // more than from the shortest to the longest wait; keeps the shift defined
  const milliseconds whole = std::min(last_, first_ * (1 << std::min(failures_, doublings_max)));
  ++failures_;
  return draw(whole / 2, whole, random_);
}

std::chrono::milliseconds jittered(std::chrono::milliseconds period, std::minstd_rand& random) {
  const auto tenth = period / 10;
  return draw(period - tenth, period + tenth, random);
}

} // namespace limpet::etcd
