#pragma once

#include "tests/consistency/load/outcome.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <optional>
#include <string>

// What stands between a client and a proxy. Both kinds connect when they are needed, and are closed by
// whatever goes wrong; then the next operation connects anew.

namespace limpet::load {

using duration = std::chrono::steady_clock::duration;

/// A kept HTTP connection.
class http_link {
public:
  http_link(boost::asio::any_io_executor executor, boost::asio::ip::tcp::endpoint proxy);

  /// Within `limit`; after that the connection is closed, whatever becomes of the operation.
  boost::asio::awaitable<reply> ask(const operation& o, duration limit);

private:
  boost::asio::awaitable<reply> exchange(const operation& o, duration limit);

  boost::asio::any_io_executor executor_;
  boost::asio::ip::tcp::endpoint proxy_;
  std::optional<boost::beast::tcp_stream> stream_;
  boost::beast::flat_buffer buffer_;
};

/// A WebSocket of one session.
class socket_link {
public:
  socket_link(boost::asio::any_io_executor executor, boost::asio::ip::tcp::endpoint proxy,
              std::string session);

  /// Opens it first where it is not yet. A handshake that fails is a no: the operation was not sent.
  boost::asio::awaitable<reply> ask(const operation& o, duration limit);

  const std::string& session() const noexcept { return session_; }

private:
  boost::asio::awaitable<void> open(duration limit);

  boost::asio::ip::tcp::endpoint proxy_;
  std::string session_;
  boost::beast::websocket::stream<boost::beast::tcp_stream> socket_;
};

} // namespace limpet::load
