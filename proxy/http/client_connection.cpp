#include "proxy/http/client_connection.hpp"

#include "proxy/http/exchange.hpp"
#include "proxy/http/refusal_page.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>

namespace limpet::http {

namespace {

/// How long and how much is still read from a client that was told `Connection: close`, so that it sees the
/// answer and not a reset (RFC 9112 section 9.6).
constexpr net::milliseconds linger_time{2'000};
constexpr std::size_t linger_bytes_max = 1024 * 1024;

/// How long an idle connection may still bring a request after a drain has begun. Busy clients do so at once,
/// and learn from its answer that it was the last; the rest have nothing to lose.
constexpr net::milliseconds drain_grace{1'000};

/// Says why, as far as that goes without waiting, and closes.
void turn_away(worker_state& worker, net::stream::socket socket) {
  net::stream io(std::move(socket), worker.wheel);
  std::string id, page;
  make_request_id(worker, id);
  write_refusal(facts_of(refusal::connection_limit), {id, worker.date(), false, false}, page);
  worker.count(metric::refusals, static_cast<std::uint32_t>(refusal::connection_limit));
  const std::array<iovec, 1> piece{iovec{page.data(), page.size()}};
  io.writev(piece);
  // What the client has sent already would turn the close into a reset, and the page would be lost.
  std::array<std::byte, 4096> ignored;
  for (int reads = 0; reads < 4 && io.read_some(ignored).bytes > 0;)
    ++reads;
  io.shutdown_send();
}

} // namespace

client_connection::client_connection(worker_state& worker, net::stream::socket socket,
                                     const net::socket_address& peer, net::connection_limiter::permit permit)
    : worker_(worker), io_(std::make_unique<net::stream>(std::move(socket), worker.wheel)), peer_(peer.ip()),
      permit_(std::move(permit)) {
  worker_.connections.insert(this);
}

client_connection::~client_connection() {
  worker_.connections.erase(this);
}

void client_connection::start(worker_state& worker, net::stream::socket socket,
                              const net::socket_address& peer) {
  worker.count(metric::connections);
  const auto snapshot = worker.current();
  net::connection_limiter::permit permit;
  using verdict = net::connection_limiter::verdict;
  const auto said = worker.process.connections.admit(peer.ip(), snapshot->limits.connections,
                                                     snapshot->limits.connections_per_address, permit);
  if (said != verdict::admitted) {
    worker.count(metric::connections_refused, said == verdict::too_many ? 0 : 1);
    return turn_away(worker, std::move(socket));
  }
  std::shared_ptr<client_connection> self(
      new client_connection(worker, std::move(socket), peer, std::move(permit)));
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
  while (co_await next_request()) {
    auto work = worker_.take_exchange();
    serving_ = work.get();
    const auto end = co_await work->serve(*this);
    serving_ = nullptr;
    worker_.give_back(std::move(work));
    first_ = false;
    if (end == exchange::end::linger) co_await linger();
    if (end != exchange::end::keep_open) co_return;
  }
}

/// Waits until there is something to read. False where the connection is over.
net::awaitable<bool> client_connection::next_request() {
  const auto timeouts = worker_.current()->timeouts;
  idle_ = true;
  io_->expires_after(worker_.draining() ? drain_grace : first_ ? timeouts.header : timeouts.idle);
  const auto error = co_await io_->readable();
  // What came in just now is served, drain or not: its sender cannot know.
  if (error && (error != net::asio::error::timed_out || io_->peek().bytes == 0)) co_return false;
  io_->clear_deadline();
  idle_ = false;
  co_return true;
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

void client_connection::drain(net::milliseconds spread) noexcept {
  if (serving_) serving_->drain(spread);
  if (idle_ && io_) io_->expires_after(drain_grace);
}

void client_connection::cut() noexcept {
  if (io_) io_->interrupt(net::asio::error::shut_down);
}

} // namespace limpet::http
