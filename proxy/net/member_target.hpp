#pragma once

#include "proxy/net/ejection.hpp"
#include "proxy/net/types.hpp"

#include <boost/asio/generic/stream_protocol.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limpet::net {

/// Why placement leaves a member out.
enum class left_out : std::uint8_t {
  no,
  unreachable, ///< a connect has failed: for a pause
  unhealthy,   ///< its active checks say so
  ejected,     ///< it has answered badly: for a while
};

/// "no", "unreachable", "unhealthy" or "ejected": in logs, metrics and pages.
std::string_view to_string(left_out why) noexcept;

/// What all workers of a process share of one member: whether sessions are placed to it, and how many
/// connections are open to it. Three things speak against it, each for itself: a failed connect, the active
/// checks, and its own conduct. Relaxed atomics: a worker that learns of a change a little later only tries
/// once more or once less.
class reachability {
public:
  static constexpr milliseconds first_pause{1'000};
  /// Short, since all members of a pool may be paused at once: when their network is back, so are they.
  static constexpr milliseconds longest_pause{5'000};

  reachability() = default;
  /// `recoveries` grows whenever the member answers again after it did not.
  explicit reachability(std::shared_ptr<std::atomic<std::uint64_t>> recoveries) noexcept
      : recoveries_(std::move(recoveries)) {}

  /// Whether sessions are placed to it.
  bool reachable(clock::time_point now) const noexcept {
    return !paused(now) && !unhealthy_.load(std::memory_order_relaxed) && !answers.ejected(now);
  }

  /// Why it is not reachable(): of several reasons the one that says most of it.
  left_out why_left_out(clock::time_point now) const noexcept {
    if (unhealthy_.load(std::memory_order_relaxed)) return left_out::unhealthy;
    if (paused(now)) return left_out::unreachable;
    return answers.ejected(now) ? left_out::ejected : left_out::no;
  }

  /// While it is left alone after a failed connect.
  bool paused(clock::time_point now) const noexcept {
    const auto until = until_ns_.load(std::memory_order_relaxed);
    return until != 0 && ns(now) < until;
  }

  /// What the active checks say: no connect of a request overrides it. A member that has become healthy
  /// again begins with a clean slate.
  void set_unhealthy(bool unhealthy) noexcept {
    if (unhealthy_.exchange(unhealthy, std::memory_order_relaxed) == unhealthy || unhealthy) return;
    connected();
    answers.pardon();
    recovered();
  }

  /// Whether it was ever seen to be well: by a connect or a passed check.
  bool is_proven() const noexcept { return is_proven_.load(std::memory_order_relaxed); }
  void prove() noexcept {
    if (!is_proven_.exchange(true, std::memory_order_relaxed)) recovered();
  }

  /// A proper answer to an attempt that began then.
  void good(clock::time_point began) noexcept {
    if (answers.good(began)) recovered();
  }
  /// Ends an ejection and forgets what led to it.
  void pardon() noexcept {
    const bool was_on_probation = answers.on_probation();
    answers.pardon();
    if (was_on_probation) recovered();
  }

  /// True until the member has shown that it is well again, also while it may be tried: from a failed connect
  /// until one succeeds, and from an ejection until a proper answer. For those who have no need to try.
  bool is_failing() const noexcept {
    return until_ns_.load(std::memory_order_relaxed) != 0 || unhealthy_.load(std::memory_order_relaxed) ||
           answers.on_probation();
  }

  /// After the pause just one request tries the member; the others treat it as unreachable for `window` more.
  /// True where the member was never down or the caller is the one.
  bool claim_probe(clock::time_point now, milliseconds window) noexcept {
    auto until = until_ns_.load(std::memory_order_relaxed);
    if (until == 0) return true;
    if (ns(now) < until) return false;
    if (!until_ns_.compare_exchange_strong(until, ns(now + window), std::memory_order_relaxed)) return false;
    probing_.store(true, std::memory_order_relaxed);
    return true;
  }

  /// A connect succeeded. True where the member could not be reached before.
  bool connected() noexcept {
    if (!is_proven()) prove();
    if (until_ns_.load(std::memory_order_relaxed) == 0) return false;
    failures_.store(0, std::memory_order_relaxed);
    probing_.store(false, std::memory_order_relaxed);
    if (until_ns_.exchange(0, std::memory_order_relaxed) == 0) return false;
    recovered();
    return true;
  }

  /// A connect was refused or timed out: a pause that doubles from first_pause to longest_pause. Connects
  /// that were under way together and fail together are one failure. True where the member could be reached
  /// before.
  bool failed(clock::time_point now) noexcept {
    const bool probed = probing_.exchange(false, std::memory_order_relaxed);
    if (!probed && ns(now) < until_ns_.load(std::memory_order_relaxed)) return false;
    const auto before = failures_.fetch_add(1, std::memory_order_relaxed);
    const auto pause = before < 3 ? first_pause * (1 << before) : longest_pause;
    until_ns_.store(ns(now + pause), std::memory_order_relaxed);
    return before == 0;
  }

  /// How long the pause still is; zero where there is none.
  milliseconds paused_for(clock::time_point now) const noexcept {
    const auto left =
        std::chrono::nanoseconds(until_ns_.load(std::memory_order_relaxed)) - now.time_since_epoch();
    return std::max(std::chrono::ceil<milliseconds>(left), milliseconds(0));
  }

  // To the member, of all workers. On a cache line of their own: each request reads what is below.
  alignas(64) std::atomic<std::uint32_t> connections{0}; ///< open, busy and idle
  /// With a tunnel, an event stream, or a request. Requests are counted only where member_target::counts_busy,
  /// or all workers would write here twice a request.
  std::atomic<std::uint32_t> busy{0};

  /// How it answers what it has taken. Read for each request, as what is below, and written for few.
  alignas(64) conduct answers;

private:
  static std::int64_t ns(clock::time_point t) noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
  }
  /// Who hears of it asks is_failing() next.
  void recovered() noexcept {
    if (recoveries_) recoveries_->fetch_add(1, std::memory_order_release);
  }

  std::atomic<std::int64_t> until_ns_{0}; ///< 0: reachable
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<bool> probing_{false}; ///< the one request after a pause is under way
  std::atomic<bool> unhealthy_{false};
  std::atomic<bool> is_proven_{false};
  std::shared_ptr<std::atomic<std::uint64_t>> recoveries_;
};

using member_endpoint = asio::generic::stream_protocol::endpoint;

/// Where a member of a snapshot is dialled. Immutable but for what `shared` points to.
struct member_target {
  std::uint32_t number =
      0; ///< of (pool, id, incarnation, address), unique in the process; keys the upstream pools
  std::uint32_t label = 0;                ///< of (pool, id), for counters
  std::vector<member_endpoint> endpoints; ///< tried in order; empty where a host name has not resolved yet
  std::shared_ptr<reachability> shared;
  bool counts_busy = false; ///< there is something that reachability::busy is held against
};

} // namespace limpet::net
