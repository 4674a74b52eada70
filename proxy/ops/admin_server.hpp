#pragma once

#include "proxy/net/listen_socket.hpp"
#include "proxy/ops/backend.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace limpet::ops {

/// What the admin server takes from one client and from all of them.
struct admin_limits {
  std::uint32_t head_bytes = 8 * 1024;       ///< past it 431
  std::uint64_t content_bytes = 64 * 1024;   ///< past it 413
  std::size_t connections = 32;              ///< past it the one that has waited longest is closed for a new one
  std::chrono::milliseconds request{10'000}; ///< from when a request is waited for to its answer's last byte
};

/// The operator's HTTP/1.1 server: health, metrics, configuration, members, explain, drain, log level. It
/// runs on the control thread and is no part of the data plane. Answers are never cached.
///
/// Bound to a loopback address it answers only requests whose Host is localhost, 127.0.0.1, [::1] or the
/// bound address (421 otherwise): a web page that has its own name resolve to 127.0.0.1 reads nothing here. A
/// POST, PUT or DELETE with an Origin that is not the request's own host is refused (403). Where a token is set, all
/// but health wants it as `Authorization: Bearer` (401 otherwise).
class admin_server {
public:
  /// Serves on the one socket of `listening`, which it takes over. `server` must live until stop().
  admin_server(boost::asio::io_context& io, net::listen_sockets listening, backend& server)
      : admin_server(io, std::move(listening), server, admin_limits{}) {}
  admin_server(boost::asio::io_context& io, net::listen_sockets listening, backend& server,
               admin_limits limits);
  ~admin_server();
  admin_server(const admin_server&) = delete;

  /// Of requests that begin from now on; empty: none is asked for.
  void set_token(std::string token);
  void start();
  /// Closes the listener and all connections; asks nothing of the backend from then on. Safe to call twice.
  void stop() noexcept;
  /// As bound: with the port that the system chose where 0 was asked for.
  const std::string& address() const noexcept;

private:
  class core;
  std::shared_ptr<core> core_;
};

} // namespace limpet::ops
