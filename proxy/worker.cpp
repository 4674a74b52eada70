#include "proxy/worker.hpp"

#include "proxy/http/client_connection.hpp"
#include "proxy/http/tunnel.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace limpet {

namespace {

constexpr net::milliseconds tick_interval{100};
/// How long a WebSocket's ends have to answer our close frame before the connection goes.
constexpr net::milliseconds close_handshake{2'000};
/// Enough for each connection and tunnel that was cut to hear of it and to end.
constexpr int turns_after_stop = 4;
constexpr std::uint16_t going_away = 1001; // RFC 6455 section 7.4.1

} // namespace

worker::worker(http::process_state& process, std::size_t index) : state_(loop_, process, index) {}

worker::~worker() {
  stop();
  // What a cut did not end must be gone before the state that it refers to.
  const std::vector<http::client_connection*> left(state_.connections.begin(), state_.connections.end());
  for (auto* connection : left)
    delete connection;
  const std::vector<http::tunnel*> tunnels(state_.tunnels.begin(), state_.tunnels.end());
  for (auto* tunnel : tunnels)
    delete tunnel;
}

void worker::add_listener(net::unique_fd fd) {
  acceptors_.push_back(std::make_unique<net::acceptor>(
      loop_, std::move(fd),
      [this](net::unique_fd socket, const net::socket_address& peer) {
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
  tick_.arm(loop_.wheel(), tick_interval, &on_tick_due, this);
  thread_ = std::thread([this] { run(); });
}

void worker::run() {
  for (;;) {
    try {
      loop_.run();
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
  state_.streams.look_for_recoveries();
  tick_.arm(loop_.wheel(), tick_interval, &on_tick_due, this);
}

void worker::post(std::function<void(http::worker_state&)> task) {
  loop_.post([this, task = std::move(task)] { task(state_); });
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
    loop_.stop();
  });
  thread_.join();
  // What was cut still has to hear of it, to be logged and counted.
  for (int turns = 0; turns < turns_after_stop; ++turns)
    loop_.run_once(net::milliseconds::zero());
  // Hands over what it still has; the log is written to its end after this.
  state_.records = nullptr;
  records_.reset();
}

} // namespace limpet
