#include "routing/ownership/parking.hpp"

#include <iterator>

namespace limpet::ownership {

parking::verdict parking::park(parking_place& p, std::uint64_t key_hash, std::size_t bytes, boot_time since) {
  if (count_ >= limits_.requests) return verdict::full;
  if (bytes_ > limits_.bytes || bytes > limits_.bytes - bytes_) return verdict::too_many_bytes;
  auto& of_session = per_session_[key_hash];
  if (of_session >= limits_.per_session) return verdict::session_full;
  ++of_session;
  ++count_;
  bytes_ += bytes;
  p.parking_ = this;
  p.key_hash_ = key_hash;
  p.bytes_ = bytes;
  p.since_ = since;
  p.until_ = since + limits_.time;
  auto at = waiting_.end();
  while (at != waiting_.begin() && std::prev(at)->since_ > since)
    --at;
  waiting_.insert(at, p);
  return verdict::parked;
}

void parking::leave(parking_place& p) noexcept {
  p.unlink();
  p.parking_ = nullptr;
  --count_;
  bytes_ -= p.bytes_;
  const auto found = per_session_.find(p.key_hash_);
  if (--found->second == 0) per_session_.erase(found);
}

void parking::release(function_ref<bool(std::uint64_t)> moves, function_ref<void(parking_place&)> resume) {
  // Taken out first: whoever is resumed may park again, and would be met once more. A place that ends while
  // it waits for its turn leaves this list by itself.
  list leaving;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    auto& p = *at++;
    if (moves(p.key_hash_)) continue;
    p.unlink();
    leaving.push_back(p);
  }
  while (!leaving.empty()) {
    auto& p = leaving.front();
    leave(p);
    resume(p);
  }
}

void parking::expire(boot_time now, function_ref<void(parking_place&)> refuse) {
  while (!waiting_.empty() && waiting_.front().until_ <= now) {
    auto& p = waiting_.front();
    leave(p);
    refuse(p);
  }
}

std::string_view to_string(parking::verdict v) noexcept {
  switch (v) {
  case parking::verdict::parked:
    return "parked";
  case parking::verdict::session_full:
    return "session_full";
  case parking::verdict::full:
    return "full";
  case parking::verdict::too_many_bytes:
    return "too_many_bytes";
  }
  return "unknown";
}

} // namespace limpet::ownership
