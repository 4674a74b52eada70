#include "proxy/epoch_reads.hpp"

#include <utility>

namespace limpet {

namespace {

using clock = std::chrono::steady_clock;
using membership::catch_up;
using membership::catch_up_outcome;

http::epoch_outcome told_as(catch_up_outcome outcome) noexcept {
  switch (outcome) {
  case catch_up_outcome::known:
    return http::epoch_outcome::read;
  case catch_up_outcome::behind:
    return http::epoch_outcome::behind;
  case catch_up_outcome::failed:
    return http::epoch_outcome::failed;
  case catch_up_outcome::limited:
    break;
  }
  return http::epoch_outcome::limited;
}

} // namespace

epoch_reads::epoch_reads(membership::source& source, hooks call, std::chrono::milliseconds patience)
    : source_(source), call_(std::move(call)), fsm_({.patience = patience}) {}

void epoch_reads::ask(std::uint64_t epoch, http::epoch_reader::tell_function tell) {
  const auto ticket = next_ticket_++;
  asking_.emplace(ticket, std::move(tell));
  perform(fsm_.ask(ticket, epoch, call_.known_until(), clock::now()));
}

void epoch_reads::perform(const catch_up::step& step) {
  for (const auto& [ticket, outcome] : step.answers)
    asking_.extract(ticket).mapped()(told_as(outcome));
  if (fsm_.not_before() > clock::now()) call_.pause(fsm_.not_before());
  if (!step.read) return;
  const bool is_begun = source_.refresh(
      [this](bool well) { perform(fsm_.read_ended(well, call_.known_until(), clock::now())); });
  if (!is_begun) fsm_.read_joined();
}

} // namespace limpet
