#pragma once

#include "proxy/net/deadline.hpp"
#include "proxy/net/event_loop.hpp"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>

namespace limpet::http {

/// How far a pool's store is known, as workers are told: relaxed where nothing hangs on the order. A pool
/// whose epochs mean nothing elsewhere, since its source counts for itself, knows everything.
class known_epoch {
public:
  static constexpr auto everything = std::numeric_limits<std::uint64_t>::max();

  /// Whether the snapshot of this number has every change up to `epoch`.
  bool reaches(std::uint64_t epoch, std::uint64_t snapshot_number) const noexcept {
    // In this order: what is read second belongs to what was read first, or is newer and asks for more.
    return epoch <= until_.load(std::memory_order_acquire) &&
           snapshot_number >= since_.load(std::memory_order_relaxed);
  }
  /// The control thread, once that snapshot is on its way to the workers.
  void set(std::uint64_t until, std::uint64_t snapshot_number) noexcept {
    since_.store(snapshot_number, std::memory_order_relaxed);
    until_.store(until, std::memory_order_release);
  }

  /// Before this nobody has to ask: the last time was in vain.
  bool may_ask(net::clock::time_point now) const noexcept {
    return now.time_since_epoch().count() >= ask_after_.load(std::memory_order_relaxed);
  }
  void ask_after(net::clock::time_point when) noexcept {
    ask_after_.store(when.time_since_epoch().count(), std::memory_order_relaxed);
  }

private:
  std::atomic<std::uint64_t> until_{everything};
  std::atomic<std::uint64_t> since_{0};
  std::atomic<net::clock::rep> ask_after_{std::numeric_limits<net::clock::rep>::min()};
};

/// Most that a request waits for its pool's members to be read again.
inline constexpr net::milliseconds epoch_wait_max{1'000};

/// What came of a cookie whose epoch is ahead of what is known.
enum class epoch_outcome : std::uint8_t {
  read,      ///< the members were read again, and the newest snapshot is not behind any more
  behind,    ///< they were read again, and the cookie is of another history of the store
  failed,    ///< they could not be read
  timed_out, ///< not in time
  limited,   ///< not waited: the last time was in vain just now, or too many wait
  given_up,  ///< the client left, or the connection was cut
};
inline constexpr std::uint32_t epoch_outcomes = 6;

/// Who reads a pool's members again: the control thread, as workers see it.
class epoch_reader {
public:
  using tell_function = std::function<void(epoch_outcome)>;
  virtual ~epoch_reader() = default;
  /// From any worker's thread; never blocks. `tell` is called on the control thread, once, behind the
  /// snapshot that was published last; or never, where the proxy ends or the pool is gone.
  virtual void read_until(const std::string& pool, std::uint64_t epoch, tell_function tell) = 0;
};

/// The requests of one worker that wait for that. A wait ends by what it is told, by its time limit or by
/// end(), and goes on from the loop, never from within the call.
class epoch_waits {
public:
  explicit epoch_waits(net::event_loop& loop) noexcept : loop_(loop) {}
  epoch_waits(const epoch_waits&) = delete;

  class wait;
  std::size_t count() const noexcept { return waiting_.size(); }

private:
  void go_on(std::uint64_t ticket, epoch_outcome outcome);

  net::event_loop& loop_;
  std::uint64_t next_ticket_ = 1;
  std::unordered_map<std::uint64_t, wait*> waiting_;
};

/// One request's, for co_await. Destroyed in its wait, it is not called any more.
class [[nodiscard]] epoch_waits::wait {
public:
  /// Asks `reader` at once.
  wait(epoch_waits& all, epoch_reader& reader, const std::string& pool, std::uint64_t epoch,
       net::milliseconds limit);
  wait(const wait&) = delete;
  ~wait();

  /// Ends it with `given_up`, soon.
  void end() noexcept;

  bool await_ready() const noexcept { return outcome_.has_value(); }
  void await_suspend(std::coroutine_handle<> who) noexcept { who_ = who; }
  epoch_outcome await_resume() const noexcept { return *outcome_; }

private:
  friend class epoch_waits;
  void end_with(epoch_outcome outcome);
  static void on_due(void* self) noexcept;

  epoch_waits& all_;
  std::uint64_t ticket_;
  net::deadline due_;
  std::coroutine_handle<> who_;
  std::optional<epoch_outcome> outcome_;
};

} // namespace limpet::http
