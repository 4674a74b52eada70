#pragma once

#include "proxy/net/deadline.hpp"
#include "proxy/net/event_source.hpp"
#include "proxy/net/listen_socket.hpp"
#include "proxy/net/socket_address.hpp"

#include <functional>

namespace limpet::net {

/// What befell accept(2), for the counters.
enum class accept_event { out_of_descriptors, failed };

/// Accepts on one listening socket, in batches, on one worker. Out of descriptors or memory it pauses for a
/// while and goes on: what waits stays in the kernel's queue, and what is open is served.
class acceptor {
public:
  using accepted = std::function<void(unique_fd, const socket_address& peer)>;
  using trouble = std::function<void(accept_event, error_code)>;

  acceptor(event_loop& loop, unique_fd fd, accepted on_accepted, trouble on_trouble);
  acceptor(const acceptor&) = delete;

  void start();
  /// Takes what waits in the queue, then closes: a connection that the kernel has completed is not reset.
  void drain_and_close();
  void close() noexcept;

private:
  static constexpr int batch = 64;
  static constexpr milliseconds pause_time{100};

  void wait();
  void accept_and_wait();
  void pause() noexcept;
  /// False when paused.
  bool accept_batch(int most);
  static void on_readable(void* self);
  static void on_pause_over(void* self) noexcept;

  event_source source_;
  accepted on_accepted_;
  trouble on_trouble_;
  deadline pause_;
};

} // namespace limpet::net
