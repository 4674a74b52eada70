#include "deploy/demo/server.hpp"

#include "deploy/demo/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>
#include <vector>

namespace limpet::demo {

namespace asio = boost::asio;
using asio::use_awaitable;
using boost::system::error_code;

namespace {

constexpr std::size_t connections_max = 20'000;
constexpr std::chrono::milliseconds accept_pause{100}; ///< out of file descriptors: until some are given back

} // namespace

server::server(asio::io_context& io, const asio::ip::tcp::endpoint& address, service& s)
    : io_(io), acceptor_(io, address), service_(s) {}

server::~server() = default;

void server::start() {
  asio::co_spawn(io_, accept(), [](const std::exception_ptr& escaped) {
    if (escaped) std::rethrow_exception(escaped);
  });
}

asio::awaitable<void> server::accept() {
  asio::steady_timer pause(io_);
  while (acceptor_.is_open()) {
    error_code error;
    auto socket = co_await acceptor_.async_accept(asio::redirect_error(use_awaitable, error));
    if (!error) {
      serve(std::move(socket));
    } else if (error != asio::error::operation_aborted) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(use_awaitable);
    }
  }
}

void server::serve(asio::ip::tcp::socket socket) {
  if (connections_.size() >= connections_max || service_.draining) return; // closed as it goes out of scope
  ++service_.connections;
  const auto one = *connections_.insert(std::make_shared<connection>(std::move(socket), service_)).first;
  asio::co_spawn(io_, one->run(), [this, one](const std::exception_ptr& escaped) {
    ended(one);
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "a connection ended by %s\n", error.what());
    }
  });
}

void server::ended(const std::shared_ptr<connection>& which) {
  connections_.erase(which);
  if (emptied_ && connections_.empty()) emptied_();
}

void server::drain(std::function<void()> emptied) {
  error_code ignored;
  acceptor_.close(ignored);
  service_.draining = true;
  emptied_ = std::move(emptied);
  for (const auto& one : connections_)
    one->drain();
  if (connections_.empty()) emptied_();
}

} // namespace limpet::demo
