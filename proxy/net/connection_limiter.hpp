#pragma once

#include "routing/address.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace limpet::net {

/// Counts the clients' connections of the whole process, in all and per address, and says no past a limit.
/// One relaxed atomic in all; the table of addresses, with its locks, is touched only where there is a limit
/// per address, once a connection.
class connection_limiter {
public:
  /// A connection's place in the count, for as long as it lives.
  class permit {
  public:
    permit() = default;
    permit(permit&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), address_(std::move(other.address_)) {}
    permit& operator=(permit&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~permit() {
      if (owner_) owner_->release(address_);
    }

  private:
    friend class connection_limiter;
    permit(connection_limiter& owner, std::string address) : owner_(&owner), address_(std::move(address)) {}
    connection_limiter* owner_ = nullptr;
    std::string address_; ///< its bytes; empty where it is not counted per address
  };

  enum class verdict : std::uint8_t { admitted, too_many, too_many_of_address };

  /// A limit of 0 is none.
  verdict admit(const routing::ip_address& address, std::uint32_t most, std::uint32_t most_per_address,
                permit& out);

  std::uint32_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
  /// The most at once since it was asked last, give or take one for each worker.
  std::uint32_t take_most() noexcept { return most_.exchange(count(), std::memory_order_relaxed); }

private:
  struct shard {
    std::mutex mutex;
    std::unordered_map<std::string, std::uint32_t> counts;
  };

  void release(const std::string& address) noexcept;
  shard& shard_of(const std::string& address) noexcept {
    return shards_[std::hash<std::string>{}(address) % shards_.size()];
  }

  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> most_{0};
  std::array<shard, 16> shards_;
};

} // namespace limpet::net
