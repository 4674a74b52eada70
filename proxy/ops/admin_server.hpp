#pragma once

#include "proxy/net/listen_socket.hpp"
#include "proxy/ops/backend.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace limpet::ops {

/// The operator's HTTP/1.1 server: health, metrics, configuration, members, explain, drain, log level. It
/// runs on the control thread and is no part of the data plane.
///
/// Limits: 8 KiB of head (431), 64 KiB of content (413), 10 s from a request's first byte waited for to its
/// answer's last, and 32 connections, past which new ones are closed. Answers are never cached.
///
/// Bound to a loopback address it answers only requests whose Host is localhost, 127.0.0.1, [::1] or the
/// bound address (421 otherwise): a web page that has its own name resolve to 127.0.0.1 reads nothing here. A
/// POST or PUT with an Origin that is not the request's own host is refused (403).
class admin_server {
public:
  /// Serves on the one socket of `listening`, which it takes over. `server` must live until stop().
  admin_server(boost::asio::io_context& io, net::listen_sockets listening, backend& server);
  ~admin_server();
  admin_server(const admin_server&) = delete;

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
