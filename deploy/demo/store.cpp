#include "deploy/demo/store.hpp"

namespace limpet::demo {

const store::session_state* store::find(std::string_view session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : &found->second;
}

store::session_state* store::find_or_add(std::string_view session) {
  if (const auto found = sessions_.find(session); found != sessions_.end()) return &found->second;
  if (sessions_.size() >= limits_.sessions || session.size() > limits_.name_bytes) return nullptr;
  return &sessions_.try_emplace(std::string(session)).first->second;
}

store::put_outcome store::put(std::string_view session, std::string_view key, std::string_view value) {
  if (session.size() > limits_.name_bytes || key.size() > limits_.name_bytes)
    return put_outcome::name_too_long;
  if (value.size() > limits_.value_bytes) return put_outcome::value_too_long;

  const auto* before = find(session);
  const auto old = before ? get(session, key) : std::nullopt;
  const auto bytes_after = bytes_ + value.size() + (old ? 0 : key.size()) - (old ? old->size() : 0);
  if (bytes_after > limits_.total_bytes) return put_outcome::full;
  if (before && !old && before->values.size() >= limits_.keys_per_session) return put_outcome::full;

  auto* state = find_or_add(session);
  if (!state) return put_outcome::full;
  state->values.insert_or_assign(std::string(key), std::string(value));
  bytes_ = bytes_after;
  return old ? put_outcome::replaced : put_outcome::created;
}

std::optional<std::string_view> store::get(std::string_view session, std::string_view key) const {
  const auto* state = find(session);
  if (!state) return std::nullopt;
  const auto found = state->values.find(key);
  if (found == state->values.end()) return std::nullopt;
  return found->second;
}

bool store::erase(std::string_view session, std::string_view key) {
  const auto state = sessions_.find(session);
  if (state == sessions_.end()) return false;
  auto& values = state->second.values;
  const auto found = values.find(key);
  if (found == values.end()) return false;
  bytes_ -= found->first.size() + found->second.size();
  values.erase(found);
  return true;
}

std::optional<std::uint64_t> store::count(std::string_view session) {
  auto* state = find_or_add(session);
  if (!state) return std::nullopt;
  return ++state->counter;
}

std::uint64_t store::counter(std::string_view session) const {
  const auto* state = find(session);
  return state ? state->counter : 0;
}

} // namespace limpet::demo
