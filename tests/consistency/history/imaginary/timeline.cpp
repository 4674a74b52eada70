#include "tests/consistency/history/imaginary/timeline.hpp"

namespace limpet::consistency::imaginary {

timeline::timeline(std::uint32_t members, std::size_t changes, time_ns duration, random_numbers& random)
    : members_(members), salt_(random.next()) {
  std::vector<std::uint32_t> incarnations(members, 1);
  std::uint64_t epoch = 1;
  const auto pause = duration / (changes + 1);
  for (std::size_t i = 0; i < changes; ++i) {
    change c;
    c.at = pause * (i + 1) + random.below(pause / 2 + 1);
    c.epoch = epoch += 1 + random.below(5);
    c.member = static_cast<std::uint32_t>(random.below(members));
    c.kills = random.one_in(2);
    c.incarnation = incarnations[c.member];
    if (c.kills) ++incarnations[c.member];
    changes_.push_back(c);
  }
}

owner timeline::first_owner(std::uint64_t session) const noexcept {
  return {static_cast<std::uint32_t>(routing::mix64(salt_ ^ session) % members_), 1};
}

owner timeline::owner_after(std::uint64_t session, owner before, std::size_t number) const noexcept {
  const auto& c = changes_[number];
  if (c.member != before.member) return before;
  const auto dice = routing::mix64(routing::mix64(salt_ ^ session) + number);
  if (!c.kills && (dice % 2 == 0 || members_ == 1)) return before;
  const auto step = members_ == 1 ? 0 : 1 + (dice >> 1) % (members_ - 1);
  owner after{static_cast<std::uint32_t>((before.member + step) % members_), 1};
  for (std::size_t i = 0; i <= number; ++i)
    if (changes_[i].kills && changes_[i].member == after.member) ++after.incarnation;
  return after;
}

time_ns timeline::death_of(owner o) const noexcept {
  for (const auto& c : changes_)
    if (c.kills && c.member == o.member && c.incarnation == o.incarnation) return c.at;
  return for_ever;
}

} // namespace limpet::consistency::imaginary
