#include "routing/ownership/acknowledgement_fsm.hpp"

#include <algorithm>

namespace limpet::ownership {

void acknowledgement_fsm::on_record(std::uint64_t revision, bool is_prepare) noexcept {
  if (revision <= held_) return;
  held_ = revision;
  is_prepare_ = is_prepare;
  again_ = long_ago;
}

void acknowledgement_fsm::on_word(std::size_t worker, std::uint64_t revision, bool none_left) noexcept {
  auto& said = words_[worker];
  if (revision < said.revision) return;
  said = {revision, none_left};
}

bool acknowledgement_fsm::wants_to_write(boot_time now) const noexcept {
  return is_due() && now >= again_;
}

boot_time acknowledgement_fsm::wake_at() const noexcept {
  return is_due() && again_ != long_ago ? again_ : never;
}

void acknowledgement_fsm::on_sent() noexcept {
  is_writing_ = true;
  sent_ = held_;
}

void acknowledgement_fsm::on_written() noexcept {
  is_writing_ = false;
  written_ = sent_;
}

void acknowledgement_fsm::on_failed(boot_time again) noexcept {
  is_writing_ = false;
  again_ = again;
}

void acknowledgement_fsm::on_read(std::uint64_t revision) noexcept {
  if (!is_writing_) written_ = revision;
}

std::uint64_t acknowledgement_fsm::applied_by_all() const noexcept {
  return std::ranges::min(words_, {}, &word::revision).revision;
}

std::size_t acknowledgement_fsm::waits_for() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(words_, [this](const word& w) { return w.revision != held_ || !w.none_left; }));
}

} // namespace limpet::ownership
