#pragma once

#include "deploy/demo/service.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <memory>
#include <unordered_set>

namespace limpet::demo {

class connection;

/// Accepts connections and knows which are alive, so that all of them can be told to end.
class server {
public:
  /// Binds and listens. Throws boost::system::system_error where the address cannot be had.
  server(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& address, service& s);
  ~server();

  boost::asio::ip::tcp::endpoint address() const { return acceptor_.local_endpoint(); }
  void start();

  /// Accepts no more, ends what is idle, and calls `emptied` when the last connection has ended.
  void drain(std::function<void()> emptied);

private:
  boost::asio::awaitable<void> accept();
  void serve(boost::asio::ip::tcp::socket socket);
  void ended(const std::shared_ptr<connection>& which);

  boost::asio::io_context& io_;
  boost::asio::ip::tcp::acceptor acceptor_;
  service& service_;
  std::unordered_set<std::shared_ptr<connection>> connections_;
  std::function<void()> emptied_;
};

} // namespace limpet::demo
