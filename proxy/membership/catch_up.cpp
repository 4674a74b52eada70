#include "proxy/membership/catch_up.hpp"

#include <utility>

namespace limpet::membership {

catch_up::step catch_up::ask(std::uint64_t ticket, std::uint64_t revision, std::uint64_t known_until,
                             time_point now) {
  using enum catch_up_outcome;
  if (revision <= known_until) return {.answers = {{ticket, known}}};
  const bool is_in_vain = is_reading_ ? now - read_began_ >= options_.patience : now < not_before_;
  if (is_in_vain || asking_.size() >= options_.asking_max) return {.answers = {{ticket, limited}}};
  asking_.push_back({ticket, revision, !is_reading_});
  if (std::exchange(is_reading_, true)) return {};
  read_began_ = now;
  return {.read = true, .answers = {}};
}

void catch_up::read_joined() noexcept {
  for (auto& one : asking_)
    one.is_covered = false;
}

catch_up::step catch_up::read_ended(bool well, std::uint64_t known_until, time_point now) {
  using enum catch_up_outcome;
  is_reading_ = false;
  step next;
  std::vector<asking> left;
  bool is_of_use = true;
  for (auto& one : std::exchange(asking_, {})) {
    if (one.revision <= known_until) {
      next.answers.push_back({one.ticket, known});
    } else if (!well || one.is_covered) {
      next.answers.push_back({one.ticket, well ? behind : failed});
      is_of_use = false;
    } else {
      left.push_back({one.ticket, one.revision, true});
    }
  }
  if (!is_of_use) not_before_ = now + options_.pause;
  if (left.empty()) return next;
  if (now < not_before_) {
    for (const auto& one : left)
      next.answers.push_back({one.ticket, limited});
    return next;
  }
  asking_ = std::move(left);
  is_reading_ = next.read = true;
  read_began_ = now;
  return next;
}

} // namespace limpet::membership
