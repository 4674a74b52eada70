#pragma once

#include "proxy/http/snapshot.hpp"
#include "proxy/net/deadline.hpp"
#include "proxy/net/event_loop.hpp"
#include "routing/ownership/drain_ledger.hpp"
#include "routing/ownership/parking.hpp"

#include <coroutine>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace limpet::http {

/// Who hears the words of workers: the control thread, as workers see it.
class strict_listener {
public:
  virtual ~strict_listener() = default;
  /// From any worker's thread; never blocks. `pool` is the pool's number.
  virtual void on_word(std::uint32_t pool, const net::strict_word& word) = 0;
};

/// One worker's part in the hand-off of one pool (`handoff: barrier`): what is in flight, who is parked, and
/// what it says of that.
class strict_pool {
public:
  strict_pool(net::event_loop& loop, strict_listener& listener, std::size_t worker,
              const pool_snapshot& pool);
  strict_pool(const strict_pool&) = delete;

  /// What whoever applies has to end.
  enum class ending : std::uint8_t {
    nothing,
    endless, ///< the fence's time is over: tunnels and event streams would go on behind it
    all      ///< another incarnation has begun: all that was in flight is given up
  };
  /// The worker serves by this one from now on.
  ending apply(const pool_snapshot& pool);
  /// The worker has no such pool for now: whoever is parked is routed anew, and once nothing is in flight it
  /// says so. What would not end by itself has to be ended.
  ending pool_gone();
  /// Those whom either of these let go, in the order that they came. To be called behind it, before anybody
  /// else has a turn: else a newer request of a session would be placed before an older one (rule 9).
  void resume_released();

  ownership::drain_ledger& ledger() noexcept { return ledger_; }
  /// Of what was applied last, and kept for as long as anything in flight was counted by it.
  const net::write_fence& fence() const noexcept { return *held_.fence; }
  const ownership::parking& parked() const noexcept { return parking_; }
  /// Something was given up, or has changed otherwise: so may what this worker says.
  void look_soon();
  /// Its answer was read to the end. Nobody waits for that unless something is handed over.
  void end(ownership::in_flight& f) {
    ledger_.end(f);
    if (is_waited_for_) [[unlikely]]
      look_soon();
  }
  /// The process is about to end, and no request comes any more: says once nothing is in flight.
  void leave();

  enum class outcome : std::uint8_t { released, timed_out, given_up };
  /// A request's wait, for co_await. Destroyed in its wait, it is not called any more.
  class wait;

private:
  void look();
  void look_who_waits() noexcept;
  void let_go(ownership::parking_place& p);
  void go_on(std::uint64_t ticket, outcome o);
  static void on_due(void* self) noexcept;

  net::event_loop& loop_;
  strict_listener& listener_;
  const std::size_t worker_;
  const std::uint32_t number_;
  net::strict_view held_;
  ownership::drain_ledger ledger_;
  ownership::parking parking_;
  bool is_scanned_ = true;
  bool is_look_due_ = false;
  bool is_leaving_ = false;
  bool is_gone_ = false;       ///< the worker has no such pool
  bool is_waited_for_ = false; ///< somebody waits for what is in flight to end
  std::uint64_t next_ticket_ = 1;
  std::unordered_map<std::uint64_t, wait*> waiting_;
  std::vector<std::uint64_t> released_; ///< tickets
  std::optional<net::strict_word> said_;
  net::deadline due_;
};

class [[nodiscard]] strict_pool::wait : public ownership::parking_place {
public:
  /// Not ready where `parked` says so; else there is no wait. `since`: when the request was parked first.
  wait(strict_pool& pool, std::uint64_t key_hash, std::size_t bytes, ownership::boot_time since);
  ~wait();
  ownership::parking::verdict parked() const noexcept { return parked_; }

  /// Ends it with `given_up`, soon.
  void end() { end_with(outcome::given_up); }

  bool await_ready() const noexcept { return parked_ != ownership::parking::verdict::parked; }
  void await_suspend(std::coroutine_handle<> who) noexcept { who_ = who; }
  outcome await_resume() const noexcept { return outcome_; }

private:
  friend class strict_pool;
  void end_with(outcome o);

  strict_pool& pool_;
  const std::uint64_t ticket_;
  ownership::parking::verdict parked_;
  outcome outcome_ = outcome::released;
  std::coroutine_handle<> who_;
};

/// Those of a worker, at the number of their pool; null for others. They stay, as the numbers do: requests
/// refer to them, and a pool that was taken out may come back while some are under way.
using strict_pools = std::vector<std::unique_ptr<strict_pool>>;

} // namespace limpet::http
