#pragma once

#include "proxy/ops/admin_guard.hpp"
#include "proxy/ops/admin_pages.hpp"
#include "proxy/ops/admin_server.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace limpet::ops {

/// One connection to the admin server: requests one after another, within the server's limits.
class admin_session : public std::enable_shared_from_this<admin_session> {
public:
  using protocol = boost::asio::generic::stream_protocol;

  /// `guard` and `pages` must outlive run().
  admin_session(protocol::socket socket, const admin_limits& limits, const admin_guard& guard,
                admin_pages& pages)
      : socket_(std::move(socket)), deadline_(socket_.get_executor()), limits_(limits), guard_(guard),
        pages_(pages) {}

  /// Ends when the client goes, an error was answered, or close() is called.
  boost::asio::awaitable<void> run();
  void close() noexcept;
  /// Whether no whole request is in hand: there is nothing to lose but the connection.
  bool is_waiting() const noexcept { return is_waiting_; }

private:
  void begin_deadline();
  boost::asio::awaitable<void> let_client_read();

  protocol::socket socket_;
  boost::asio::steady_timer deadline_;
  const admin_limits limits_;
  const admin_guard& guard_;
  admin_pages& pages_;
  bool is_waiting_ = true;
};

} // namespace limpet::ops
