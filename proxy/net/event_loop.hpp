#pragma once

#include "proxy/net/deadline.hpp"
#include "proxy/net/event_source.hpp"
#include "proxy/net/types.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

namespace limpet::net {

/// One a worker: waits for its descriptors (epoll(7), edge-triggered), its deadlines and for what other
/// threads post, and calls who waits. Everything runs on the thread that is in run(); only post() and stop()
/// may be called from others.
class event_loop {
public:
  /// Throws std::system_error where the system gives no epoll or eventfd.
  event_loop();
  ~event_loop();
  event_loop(const event_loop&) = delete;

  /// Until stop(). What a callback throws comes out of here; the loop can be run again.
  void run();
  /// One turn: waits until something happens, for `most` at most.
  void run_once(milliseconds most);
  void stop() noexcept;

  /// Runs `task` in the loop, before those who wait have their turn: whoever is accepted after a post finds
  /// done what it does. From any thread; never blocks for longer than another's post.
  void post(std::function<void()> task);
  /// The same from the loop's own thread, without a lock: once whoever is running now has returned.
  void defer(std::function<void()> task) { deferred_.push_back(std::move(task)); }

  deadline_wheel& wheel() noexcept { return wheel_; }

private:
  friend class event_source;

  bool watch(event_source& source) noexcept;
  void enqueue(event_source& source, turn t) noexcept;
  void wake() noexcept;
  void collect(milliseconds most);
  void run_posted();
  void run_deferred();
  void run_at_once();
  void run_fresh();
  static void call_due(event_source& source);

  unique_fd epoll_;
  unique_fd wake_; ///< an eventfd: somebody has posted
  deadline_wheel wheel_;
  source_list at_once_;
  source_list running_; ///< those of at_once_ that were there when this turn began
  source_list fresh_;
  std::vector<std::function<void()>> deferred_;
  std::atomic<bool> stopped_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

} // namespace limpet::net
