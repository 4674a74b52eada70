#include "tests/consistency/history/session_lists.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace limpet::consistency {

void session_lists::arrange(const history& h, std::span<const std::uint32_t> indices, bad_input& errors) {
  table_.clear();
  appends_.clear();
  reads_.clear();
  events_.clear();
  client_ends_.clear();
  canonical_.clear();
  numbers_.clear();
  reaches_.clear();
  append_of_.clear();
  sort_operations(h, indices, errors);
  choose_canonical(h);
  number_appends(h, errors);
  number_reads(h);
}

std::span<const session_lists::event> session_lists::events_of(std::uint32_t client) const noexcept {
  const auto first = client == 0 ? 0 : client_ends_[client - 1];
  return {events_.data() + first, events_.data() + client_ends_[client]};
}

void session_lists::sort_operations(const history& h, std::span<const std::uint32_t> indices,
                                    bad_input& errors) {
  sorted_.clear();
  for (const auto i : indices)
    sorted_.push_back(&h.operations[i]);
  std::ranges::sort(sorted_, {}, [](const auto* o) { return std::tuple(o->client, o->begin, o->end); });

  const operation* before = nullptr;
  for (const auto* o : sorted_) {
    if (!before || before->client != o->client)
      client_ends_.push_back(static_cast<std::uint32_t>(events_.size()));
    else if (o->begin < before->end)
      errors.add(fmt::format("client {}: {} begins before {} has ended", h.clients.name_of(o->client),
                             o->name, before->name));
    before = o;
    const auto client = clients() - 1;
    if (o->action == action::append) {
      events_.push_back({o->action, static_cast<std::uint32_t>(appends_.size())});
      appends_.push_back({o, client, none});
    } else if (o->outcome == outcome::ok) {
      events_.push_back({o->action, static_cast<std::uint32_t>(reads_.size())});
      reads_.push_back({o, client, true, 0});
    }
    client_ends_.back() = static_cast<std::uint32_t>(events_.size());
  }
}

void session_lists::choose_canonical(const history& h) {
  canonical_read_ = nullptr;
  for (const auto& r : reads_)
    if (r.op->list_size > (canonical_read_ ? canonical_read_->list_size : 0)) canonical_read_ = r.op;
  if (!canonical_read_) return;
  for (const auto value : h.list_of(*canonical_read_)) {
    const auto number = number_of(value);
    canonical_.push_back(number);
    reaches_[number] = std::min(reaches_[number], static_cast<std::uint32_t>(canonical_.size()));
  }
}

void session_lists::number_appends(const history& h, bad_input& errors) {
  for (std::uint32_t i = 0; i < appends_.size(); ++i) {
    auto& a = appends_[i];
    a.number = number_of(a.op->value);
    if (append_of_[a.number] != none)
      errors.add(fmt::format("session {}: value {} is appended twice", h.sessions.name_of(a.op->session),
                             a.op->value));
    append_of_[a.number] = i;
  }
}

void session_lists::number_reads(const history& h) {
  if (!canonical_read_) return;
  const auto longest = h.list_of(*canonical_read_);
  for (auto& r : reads_) {
    const auto list = h.list_of(*r.op);
    r.is_prefix = std::ranges::equal(list, longest.first(list.size()));
    if (r.is_prefix) continue;
    r.numbers_at = static_cast<std::uint32_t>(numbers_.size());
    for (const auto value : list)
      numbers_.push_back(number_of(value));
  }
}

std::uint32_t session_lists::number_of(std::uint64_t value) {
  const auto number = table_.number_of(value);
  if (number == reaches_.size()) {
    reaches_.push_back(none);
    append_of_.push_back(none);
  }
  return number;
}

} // namespace limpet::consistency
