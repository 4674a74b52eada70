#pragma once

#include "proxy/http/worker_state.hpp"
#include "proxy/net/acceptor.hpp"
#include "proxy/net/event_loop.hpp"

#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace limpet {

/// One thread with its own event loop, acceptors, upstream pool and counters. A connection never leaves its
/// worker. Other threads talk to it by post() alone.
class worker {
public:
  worker(http::process_state& process, std::size_t index);
  ~worker();
  worker(const worker&) = delete;

  /// Before start(): a listening socket of its own.
  void add_listener(net::unique_fd fd);
  /// Before start(): where access records go.
  void set_records(std::unique_ptr<http::record_sink> records);
  /// Before start(): called about every 100 ms on the worker's thread.
  void every_tick(std::function<void()> tick) { on_tick_ = std::move(tick); }

  void start();
  /// Ends all that is left, and the thread.
  void stop();

  /// Runs `task` on the worker's thread. Never blocks.
  void post(std::function<void(http::worker_state&)> task);

  /// From now on new requests use this snapshot.
  void publish(std::shared_ptr<const http::snapshot> s);
  /// Takes what waits in the accept queues, closes the listeners and lets go of what is open: idle
  /// connections in a moment, tunnels with a close frame, spread over `spread`.
  void drain(net::milliseconds spread);
  /// The drain's deadline is over.
  void cut();

private:
  void run();
  void tick();
  void close_tunnels(net::milliseconds spread);
  static void on_tick_due(void* self) noexcept;

  net::event_loop loop_;
  http::worker_state state_;
  std::vector<std::unique_ptr<net::acceptor>> acceptors_;
  std::unique_ptr<http::record_sink> records_;
  std::function<void()> on_tick_;
  net::deadline tick_;
  std::thread thread_;
};

} // namespace limpet
