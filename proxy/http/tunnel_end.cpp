// How a tunnel is let go, stays after all, and is closed.

#include "proxy/http/tunnel.hpp"

#include <algorithm>

namespace limpet::http {

namespace {

constexpr std::uint16_t service_restart = 1012; // IANA, WebSocket Close Code Number Registry

/// How long a WebSocket's ends have to answer our close frame.
constexpr net::milliseconds close_handshake{2'000};

} // namespace

void tunnel::close(std::uint16_t code, std::string_view reason, net::milliseconds within) {
  if (finished_) return;
  closing_ = true;
  close_until_ = worker_.wheel().now() + within;
  close_code_ = code;
  close_reason_ = reason;
  why_ = reason;
  idle_.arm(worker_.wheel(), std::max(within, net::deadline_wheel::tick), &on_close_deadline, this);
  if (!websocket_) return;
  for (auto* way : {&down_, &up_}) {
    if (way->shut || way->closed || way->follower.saw_close()) continue;
    if (way->follower.between_messages())
      send_close(*way);
    else
      way->close_due = true;
  }
  await_close_handshake();
}

void tunnel::close_after(net::milliseconds delay, std::uint16_t code, std::string_view reason,
                         net::milliseconds within) {
  if (delay < net::deadline_wheel::tick) return close(code, reason, within);
  close_code_ = code;
  close_reason_ = reason;
  close_within_ = within;
  life_.arm(worker_.wheel(), delay, &on_close_due, this);
}

void tunnel::on_close_due(void* self) noexcept {
  auto& t = *static_cast<tunnel*>(self);
  t.close(t.close_code_, std::string(t.close_reason_), t.close_within_);
}

void tunnel::cut() noexcept {
  finish();
}

void tunnel::send_close(direction& way) {
  way.close_due = false;
  way.closed = true;
  send(way, make_close_frame(close_code_, close_reason_, &way == &up_));
  await_close_handshake();
}

/// A close frame went each way, ours or that of whoever began to close.
bool tunnel::is_told() const noexcept {
  const auto told = [](const direction& way) { return way.closed || way.shut || way.follower.saw_close(); };
  return websocket_ && told(up_) && told(down_);
}

/// Once nothing but the answers to the frames is missing, less time will do than a long message may take.
void tunnel::await_close_handshake() noexcept {
  if (finished_ || !is_told()) return;
  const auto left = std::chrono::ceil<net::milliseconds>(close_until_ - worker_.wheel().now());
  idle_.arm(worker_.wheel(), std::clamp(left, net::deadline_wheel::tick, close_handshake), &on_close_deadline,
            this);
}

/// Both sides were told to close. The client's answer is the end of it (RFC 6455 section 5.5.1).
void tunnel::end_where_answered(const direction& way) noexcept {
  if (&way == &up_ && way.follower.saw_close()) finish();
}

void tunnel::on_idle(void* self) noexcept {
  auto& t = *static_cast<tunnel*>(self);
  t.close(1001, "idle", net::milliseconds(1'000));
}

void tunnel::on_lifetime(void* self) noexcept {
  auto& t = *static_cast<tunnel*>(self);
  t.close(1001, "lifetime", net::milliseconds(1'000));
}

void tunnel::on_close_deadline(void* self) noexcept {
  auto& t = *static_cast<tunnel*>(self);
  // A WebSocket that was told both ways has no more to say; anything else is cut.
  if (!t.parting_ || t.is_told()) return t.finish();
  t.worker_.count(metric::streams_cut, t.pool_number_, static_cast<std::uint32_t>(*t.parting_));
  t.end_now(*t.parting_);
}

void tunnel::let_go(parting why, net::milliseconds within) {
  if (finished_ || closing_) return;
  parting_ = why;
  close(service_restart, reason_of(why), within);
  why_ = name_of(why);
}

/// As long as no close frame has gone out, and there is no other cause to close it.
bool tunnel::stay() noexcept {
  const bool is_told = websocket_ && (up_.closed || down_.closed);
  const bool is_ending = finished_ || close_code_ != service_restart || worker_.draining();
  if (!parting_ || is_told || is_ending) return false;
  parting_.reset();
  why_.clear();
  closing_ = up_.close_due = down_.close_due = false;
  idle_.arm(worker_.wheel(), idle_limit_, &on_idle, this);
  return true;
}

/// With a reset: nobody shall take it for an orderly end.
void tunnel::end_now(parting why) {
  if (finished_) return;
  parting_ = why; // what fails from now on is no other cause
  why_ = name_of(why);
  client_->abort();
  upstream_->io.abort();
  finish();
}

} // namespace limpet::http
