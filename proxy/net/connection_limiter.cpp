#include "proxy/net/connection_limiter.hpp"

namespace limpet::net {

connection_limiter::verdict connection_limiter::admit(const routing::ip_address& address, std::uint32_t most,
                                                      std::uint32_t most_per_address, permit& out) {
  const auto before = count_.fetch_add(1, std::memory_order_relaxed);
  if (before >= most && most > 0) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return verdict::too_many;
  }
  // Two at the same time may both be the most; the one that is lost here was one short of the other.
  if (before >= most_.load(std::memory_order_relaxed)) most_.store(before + 1, std::memory_order_relaxed);
  std::string key;
  if (most_per_address > 0) {
    key = address.network_bytes();
    auto& s = shard_of(key);
    const std::lock_guard lock(s.mutex);
    auto& count = s.counts[key];
    if (count >= most_per_address) {
      count_.fetch_sub(1, std::memory_order_relaxed);
      return verdict::too_many_of_address;
    }
    ++count;
  }
  out = permit(*this, std::move(key));
  return verdict::admitted;
}

void connection_limiter::release(const std::string& address) noexcept {
  count_.fetch_sub(1, std::memory_order_relaxed);
  if (address.empty()) return;
  auto& s = shard_of(address);
  const std::lock_guard lock(s.mutex);
  const auto found = s.counts.find(address);
  if (--found->second == 0) s.counts.erase(found);
}

} // namespace limpet::net
