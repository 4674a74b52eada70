#pragma once

#include "proxy/http/snapshot.hpp"
#include "proxy/membership/health_check.hpp"
#include "proxy/ops/check_schedule.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace limpet::ops {

/// What is told of a member's active checks.
struct member_checks {
  check_verdict verdict = check_verdict::unknown;
  std::string last_error;   ///< of the last check; empty where it passed, or there was none
  std::uint64_t passed = 0; ///< since the process started, whatever its incarnation
  std::uint64_t failed = 0;
};

/// "unknown", "healthy" or "unhealthy".
std::string_view to_string(check_verdict verdict) noexcept;

/// Makes the active checks of all pools, on the control thread, and tells their verdicts to the members'
/// net::reachability, which all workers ask.
class health_checker {
public:
  /// Each takes a file descriptor for as long as its time limit.
  static constexpr std::size_t checks_at_once_max = 64;

  explicit health_checker(boost::asio::io_context& io);
  health_checker(const health_checker&) = delete;

  /// From now on the members of this snapshot are checked, as its pools say. What did not change goes on.
  void apply(const http::snapshot& snapshot);
  void stop();

  /// Parallel to the pool's members; empty where it has no checks.
  std::vector<member_checks> of(const http::pool_snapshot& pool) const;
  std::size_t under_way() const noexcept { return schedule_.under_way(); }
  /// Checks that are due and wait until others have ended.
  std::size_t waiting() const { return schedule_.waiting(std::chrono::steady_clock::now()); }

private:
  struct watched {
    std::shared_ptr<const http::pool_snapshot> pool;
    std::uint32_t member = 0; ///< its index in the pool's view
    std::uint64_t begun = 0;  ///< check_schedule::check::begun of the one under way
    std::weak_ptr<membership::health_check> running;
    std::string last_error;

    const net::member_target& target() const { return pool->targets[member]; }
    const routing::member& record() const { return pool->view.members()[member]; }
  };
  struct counts {
    std::uint64_t passed = 0;
    std::uint64_t failed = 0;
  };

  void watch(const std::shared_ptr<const http::pool_snapshot>& pool,
             std::map<std::uint32_t, watched>& before);
  static void forget_checks(watched& w);
  static void stop_watching(watched& w);
  void pump();
  void start(check_schedule::check what);
  void on_result(check_schedule::check what, const membership::check_result& result);
  void tell(watched& w, check_verdict verdict);
  static membership::health_question question_of(const watched& w);

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  std::mt19937_64 random_;
  check_schedule schedule_{checks_at_once_max};
  std::map<std::uint32_t, watched> watched_; ///< by net::member_target::number
  std::map<std::uint32_t, counts> counts_; ///< by net::member_target::label, for as long as the process lives
  bool is_stopped_ = false;
};

} // namespace limpet::ops
