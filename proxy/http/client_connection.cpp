#include "proxy/http/client_connection.hpp"

#include "proxy/http/exchange.hpp"
#include "proxy/http/refusal_page.hpp"

#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

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
void turn_away(worker_state& worker, net::unique_fd socket) {
  net::stream io(std::move(socket), worker.loop);
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

client_connection::client_connection(worker_state& worker, net::unique_fd socket,
                                     const net::socket_address& peer, net::connection_limiter::permit permit)
    : worker_(worker), io_(std::make_unique<net::stream>(std::move(socket), worker.loop)), peer_(peer.ip()),
      permit_(std::move(permit)) {
  worker_.connections.insert(this);
}

client_connection::~client_connection() {
  worker_.connections.erase(this);
}

void client_connection::start(worker_state& worker, net::unique_fd socket, const net::socket_address& peer) {
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
  std::unique_ptr<client_connection> made(
      new client_connection(worker, std::move(socket), peer, std::move(permit)));
  made->life_ = made->run();
  auto* self = made.release();
  self->life_.start(&on_end, self);
}

void client_connection::on_end(void* self, std::exception_ptr escaped) {
  const std::unique_ptr<client_connection> ended(static_cast<client_connection*>(self));
  if (!escaped) return;
  ended->worker_.count(metric::refusals, static_cast<std::uint32_t>(refusal::internal_error));
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& e) {
    spdlog::error("a connection ended by an internal error: {}", e.what());
  }
}

net::task<> client_connection::run() {
  begin_wait();
  for (;;) {
    wait_on();
    const auto error = co_await io_->readable(net::turn::fresh);
    if (!end_wait(error)) co_return;
    auto work = worker_.take_exchange();
    serving_ = work.get();
    const auto end = co_await work->serve(*this);
    serving_ = nullptr;
    worker_.give_back(std::move(work));
    if (end == exchange::end::nothing) continue; // its time runs on
    first_ = false;
    begin_wait();
    if (end == exchange::end::linger) co_await linger();
    if (end != exchange::end::keep_open) co_return;
  }
}

/// How long a request has to begin.
void client_connection::begin_wait() noexcept {
  const auto& timeouts = worker_.now_serving().timeouts;
  const auto limit = first_ ? timeouts.header : timeouts.idle;
  wait_until_ = limit.count() > 0 ? worker_.wheel().now() + limit : net::clock::time_point::max();
}

void client_connection::wait_on() noexcept {
  idle_ = true;
  auto left = net::milliseconds(0); // no limit
  if (wait_until_ != net::clock::time_point::max())
    left = std::max(std::chrono::ceil<net::milliseconds>(wait_until_ - worker_.wheel().now()),
                    net::milliseconds(1));
  if (worker_.draining() && (left > drain_grace || left.count() == 0)) left = drain_grace;
  io_->expires_after(left);
}

/// False where the connection is over.
bool client_connection::end_wait(net::error_code error) noexcept {
  // What came in just now is served, drain or not: its sender cannot know.
  if (error && (error != net::asio::error::timed_out || io_->peek().bytes == 0)) {
    const auto why = first_ ? client_timeout::no_request : client_timeout::idle;
    if (error == net::asio::error::timed_out && !worker_.draining())
      worker_.count(metric::client_timeouts, static_cast<std::uint32_t>(why));
    return false;
  }
  io_->clear_deadline();
  idle_ = false;
  return true;
}

net::task<> client_connection::linger() {
  io_->shutdown_send();
  io_->clear_deadline();
  io_->expires_after(linger_time);
  for (std::size_t read = 0; read < linger_bytes_max;) {
    const auto [bytes, error] = io_->read_some(worker_.blocks.take_scratch().span());
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
  if (serving_) serving_->cut();
}

} // namespace limpet::http
