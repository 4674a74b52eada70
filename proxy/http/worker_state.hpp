#pragma once

#include "proxy/http/epoch_waits.hpp"
#include "proxy/http/live_streams.hpp"
#include "proxy/http/metrics.hpp"
#include "proxy/http/record.hpp"
#include "proxy/http/snapshot.hpp"
#include "proxy/http/strict_pool.hpp"
#include "proxy/net/block_lender.hpp"
#include "proxy/net/connection_limiter.hpp"
#include "proxy/net/counters.hpp"
#include "proxy/net/event_loop.hpp"
#include "proxy/net/upstream_pool.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace limpet::http {

class exchange;
class client_connection;
class tunnel;

/// How many blocks a relay passes on before the other connections get their turn.
inline constexpr unsigned relay_turns_max = 8;

/// What the workers of a process share: counts and a flag.
struct process_state {
  net::connection_limiter connections; ///< clients', of all workers; tunnels among them
  std::atomic<bool> draining{false};
  std::atomic<std::uint32_t> epoch_waits{0}; ///< requests that wait for members to be read again
  epoch_reader* epochs = nullptr;            ///< who reads them; none: nobody waits. Set before workers start
  strict_listener* strict = nullptr; ///< of pools that hand over by a barrier. Set before workers start
};

/// A snapshot as one worker holds it. References are counted per worker, without atomics; the control thread
/// keeps the shared pointer until all workers have let go, so that no worker ever frees a snapshot.
class local_snapshot {
public:
  explicit local_snapshot(std::shared_ptr<const snapshot> s) : shared_(std::move(s)) {}

  class reference {
  public:
    reference() = default;
    explicit reference(local_snapshot& s) noexcept : local_(&s) { ++local_->references_; }
    reference(reference&& other) noexcept : local_(std::exchange(other.local_, nullptr)) {}
    reference& operator=(reference&& other) noexcept {
      std::swap(local_, other.local_);
      return *this;
    }
    ~reference() {
      if (local_ && --local_->references_ == 0) delete local_;
    }
    const snapshot& operator*() const noexcept { return *local_->shared_; }
    const snapshot* operator->() const noexcept { return local_->shared_.get(); }
    explicit operator bool() const noexcept { return local_ != nullptr; }
    bool is(const reference& other) const noexcept { return local_ == other.local_; }
    reference share() const noexcept { return local_ ? reference(*local_) : reference(); }

  private:
    local_snapshot* local_ = nullptr;
  };

private:
  std::shared_ptr<const snapshot> shared_;
  std::uint32_t references_ = 0;
};

/// Random numbers of one worker.
class random_source {
public:
  random_source();
  /// Fast, not secret (xoshiro256**).
  std::uint64_t next() noexcept;
  /// From the system's generator: for session ids.
  void secret(std::span<std::uint8_t> out);

private:
  std::array<std::uint64_t, 4> state_;
};

/// What everything on one worker shares. Touched by that worker's thread alone.
class worker_state {
public:
  /// `index`: among the workers of the process.
  worker_state(net::event_loop& events, process_state& shared_process, std::size_t index = 0);
  ~worker_state();
  worker_state(const worker_state&) = delete;

  net::event_loop& loop;
  process_state& process;
  net::block_lender blocks;
  net::upstream_pool upstreams;
  net::counter_shard counters;
  random_source random;
  live_streams streams{*this};
  record_sink* records = nullptr; ///< none: no access log
  epoch_waits epochs;

  local_snapshot::reference current() const noexcept { return current_.share(); }
  bool is_current(const local_snapshot::reference& s) const noexcept { return current_.is(s); }
  /// As current(), for a look that does not outlast the call.
  const snapshot& now_serving() const noexcept { return *current_; }
  /// From now on requests are routed by this one. Drops idle connections to members that it does not have,
  /// and begins to let go of what is under way and belongs elsewhere now.
  void publish(std::shared_ptr<const snapshot> s);

  /// This worker's part in the hand-off of the pool with that number; null where it hands over in no such
  /// way.
  strict_pool* strict_of(std::uint32_t pool) const noexcept {
    return pool < strict_.size() ? strict_[pool].get() : nullptr;
  }
  /// Once there is no connection any more: the process is about to leave these pools.
  void leave_strict();

  std::unique_ptr<exchange> take_exchange();
  void give_back(std::unique_ptr<exchange> used);

  /// The Date field's value (RFC 9110 section 5.6.7), made once a second.
  std::string_view date();

  void count(metric m, std::uint32_t a = 0, std::uint32_t b = 0, std::uint64_t n = 1) {
    counters.add(static_cast<std::uint16_t>(m), a, b, n);
  }
  /// A copy of the counters with the gauges filled in.
  net::counter_shard sample() const;

  net::deadline_wheel& wheel() noexcept { return loop.wheel(); }
  bool draining() const noexcept { return process.draining.load(std::memory_order_relaxed); }

  std::unordered_set<client_connection*> connections;
  std::unordered_set<tunnel*> tunnels;

private:
  void apply_strict();
  void end_streams(std::uint32_t pool_number, strict_pool::ending ending);
  bool is_strict_now(std::uint32_t pool_number) const;

  static constexpr std::size_t exchanges_kept = 256;
  const std::size_t index_;
  local_snapshot::reference current_;
  strict_pools strict_;
  std::vector<std::unique_ptr<exchange>> exchanges_;
  std::string date_;
  std::int64_t date_second_ = 0;
};

} // namespace limpet::http
