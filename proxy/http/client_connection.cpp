#include "proxy/http/client_connection.hpp"

#include "proxy/http/exchange.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>

#include <spdlog/spdlog.h>

namespace limpet::http {

namespace {

/// How long and how much is still read from a client that was told `Connection: close`, so that it sees the answer and not a
/// reset (RFC 9112 section 9.6).
constexpr net::milliseconds linger_time{2'000};
constexpr std::size_t linger_bytes_max = 1024 * 1024;

} // namespace

client_connection::client_connection(worker_state& worker, net::stream::socket socket, const net::socket_address& peer)
    : worker_(worker), io_(std::make_unique<net::stream>(std::move(socket), worker.wheel)), peer_(peer.ip()) {
  worker_.connections.insert(this);
}

client_connection::~client_connection() {
  worker_.connections.erase(this);
  worker_.process.connections.fetch_sub(1, std::memory_order_relaxed);
}

void client_connection::start(worker_state& worker, net::stream::socket socket, const net::socket_address& peer) {
  worker.process.connections.fetch_add(1, std::memory_order_relaxed);
  std::shared_ptr<client_connection> self(new client_connection(worker, std::move(socket), peer));
  net::asio::co_spawn(worker.io.get_executor(), self->run(), [self](std::exception_ptr escaped) {
    if (!escaped) return;
    self->worker_.count(metric::refusals, static_cast<std::uint32_t>(refusal::internal_error));
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& e) {
      spdlog::error("a connection ended by an internal error: {}", e.what());
    }
  });
}

net::awaitable<> client_connection::run() {
  auto limit = worker_.current()->timeouts.header;
  for (;;) {
    idle_ = true;
    io_->expires_after(limit);
    if (worker_.draining() || co_await io_->readable()) co_return;
    io_->clear_deadline();
    idle_ = false;
    auto work = worker_.take_exchange();
    const auto end = co_await work->serve(*this);
    worker_.give_back(std::move(work));
    if (end == exchange::end::linger) co_await linger();
    if (end != exchange::end::keep_open) co_return;
    limit = worker_.current()->timeouts.idle;
  }
}

net::awaitable<> client_connection::linger() {
  io_->shutdown_send();
  io_->clear_deadline();
  io_->expires_after(linger_time);
  const auto scratch = worker_.buffers.take();
  for (std::size_t read = 0; read < linger_bytes_max;) {
    const auto [bytes, error] = io_->read_some(scratch.span());
    read += bytes;
    if (net::is_would_block(error)) {
      if (co_await io_->readable()) co_return;
    } else if (error || bytes == 0) {
      co_return;
    }
  }
}

void client_connection::drain() noexcept {
  if (idle_ && io_) io_->interrupt(net::asio::error::shut_down);
}

void client_connection::cut() noexcept {
  if (io_) io_->interrupt(net::asio::error::shut_down);
}

} // namespace limpet::http
