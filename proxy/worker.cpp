#include "proxy/worker.hpp"

#include "proxy/http/client_connection.hpp"
#include "proxy/http/tunnel.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace limpet {

namespace {

constexpr net::milliseconds tick_interval{100};
/// How long a WebSocket's ends have to answer our close frame before the connection goes.
constexpr net::milliseconds close_handshake{2'000};
constexpr std::uint16_t going_away = 1001; // RFC 6455 section 7.4.1

} // namespace

worker::worker(http::process_state& process) : state_(io_, process) {}

worker::~worker() {
  stop();
  // What a cut did not wake, such as a connect under way, must be gone before the state that it refers to.
  io_.destroy_handlers();
}

void worker::add_listener(net::unique_fd fd) {
  acceptors_.push_back(std::make_unique<net::acceptor>(
      io_, state_.wheel, std::move(fd),
      [this](net::stream::socket socket, const net::socket_address& peer) {
        http::client_connection::start(state_, std::move(socket), peer);
      },
      [this](net::accept_event what, net::error_code error) {
        state_.count(http::metric::accept_errors, static_cast<std::uint32_t>(what));
        spdlog::warn("cannot accept connections for the moment: {}", error.message());
      }));
}

void worker::set_records(std::unique_ptr<http::record_sink> records) {
  records_ = std::move(records);
  state_.records = records_.get();
}

void worker::start() {
  for (auto& a : acceptors_)
    a->start();
  tick_.arm(state_.wheel, tick_interval, &on_tick_due, this);
  thread_ = std::thread([this] { run(); });
}

void worker::run() {
  const auto guard = net::asio::make_work_guard(io_);
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& e) {
      // Nothing that is expected comes this far; one connection's trouble must not end the others'.
      state_.count(http::metric::refusals, static_cast<std::uint32_t>(http::refusal::internal_error));
      spdlog::error("internal error in a worker: {}", e.what());
    }
  }
}

void worker::on_tick_due(void* self) noexcept {
  static_cast<worker*>(self)->tick();
}

void worker::tick() {
  if (on_tick_) on_tick_();
  tick_.arm(state_.wheel, tick_interval, &on_tick_due, this);
}

void worker::post(std::function<void(http::worker_state&)> task) {
  net::asio::post(io_, [this, task = std::move(task)] { task(state_); });
}

void worker::publish(std::shared_ptr<const http::snapshot> s) {
  post([s = std::move(s)](http::worker_state& state) mutable { state.publish(std::move(s)); });
}

void worker::drain(net::milliseconds spread) {
  post([this, spread](http::worker_state& state) {
    for (auto& a : acceptors_)
      a->drain_and_close();
    for (auto* connection : state.connections)
      connection->drain(spread);
    state.upstreams.drop_all();
    close_tunnels(spread);
  });
}

/// Spread out, so that their clients do not all come back at once.
void worker::close_tunnels(net::milliseconds spread) {
  const std::vector<http::tunnel*> tunnels(state_.tunnels.begin(), state_.tunnels.end());
  auto delay = net::milliseconds(0);
  const auto step = tunnels.empty() ? spread : spread / static_cast<int>(tunnels.size());
  for (auto* tunnel : tunnels) {
    tunnel->close_after(delay, going_away, "the proxy is shutting down", close_handshake);
    delay += step;
  }
}

void worker::cut() {
  post([](http::worker_state& state) {
    for (auto* connection : state.connections)
      connection->cut();
    const std::vector<http::tunnel*> tunnels(state.tunnels.begin(), state.tunnels.end());
    for (auto* tunnel : tunnels)
      tunnel->cut();
  });
}

void worker::stop() {
  if (!thread_.joinable()) return;
  cut();
  post([this](http::worker_state& state) {
    for (auto& a : acceptors_)
      a->close();
    tick_.unlink();
    state.upstreams.drop_all();
    state.wheel.stop();
    io_.stop();
  });
  thread_.join();
  // What was cut still has to hear of it, to be logged and counted.
  io_.restart();
  while (io_.poll() > 0) {
  }
}

} // namespace limpet
