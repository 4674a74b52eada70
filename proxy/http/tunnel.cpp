#include "proxy/http/tunnel.hpp"

#include <algorithm>
#include <array>

namespace limpet::http {

namespace {

constexpr std::uint16_t service_restart = 1012; // IANA, WebSocket Close Code Number Registry

/// How long a WebSocket's ends have to answer our close frame.
constexpr net::milliseconds close_handshake{2'000};

} // namespace

tunnel::tunnel(worker_state& worker, opening&& opened)
    : worker_(worker), client_(std::move(opened.client)), strict_(opened.strict),
      upstream_(std::move(opened.upstream)), permit_(std::move(opened.permit)), opened_at_(net::clock::now()),
      route_(opened.route), pool_number_(opened.pool->number), session_(opened.session),
      epoch_(opened.pool->view.epoch()), websocket_(opened.websocket) {
  if (strict_) count(opened);
  client_->clear_deadline();
  upstream_->io.clear_deadline();
  upstream_->io.keep_alive();
  up_.owner = down_.owner = this;
  up_.from = down_.to = client_.get();
  down_.from = up_.to = &upstream_->io;
  const auto& timeouts = opened.pool->settings.timeouts;
  idle_limit_ = timeouts.tunnel_idle;
  half_closed_limit_ = timeouts.tunnel_half_closed;
  idle_.arm(worker_.wheel(), idle_limit_, &on_idle, this);
  life_.arm(worker_.wheel(), timeouts.tunnel_lifetime, &on_lifetime, this);
  worker_.tunnels.insert(this);
  worker_.count(metric::tunnels_opened, route_);
  if (worker_.records)
    names_ = std::make_unique<names>(names{std::move(opened.client_text), std::move(opened.request_id),
                                           std::move(opened.host), std::move(opened.path),
                                           std::move(opened.route_name), opened.pool->settings.name,
                                           opened.pool->view.members()[opened.member].id});
}

void tunnel::count(const opening& opened) {
  strict_->ledger().hand_over(*opened.counted, counted_);
  fence_ = opened.pool->strict->fence;
  guard_.stand_at(*fence_);
  upstream_->io.guard(&guard_);
}

tunnel::~tunnel() {
  if (strict_) {
    if (counted_.is_counted()) strict_->ledger().give_up(counted_);
    strict_->look_soon();
  }
  worker_.tunnels.erase(this);
  worker_.blocks.release(up_.pending.size() + down_.pending.size());
  const std::chrono::duration<double> lasted = net::clock::now() - opened_at_;
  worker_.counters.tunnel_seconds[route_].observe(lasted.count(), net::counter_shard::tunnel_bounds);
  if (worker_.records && names_) report(access_record::event::tunnel_close);
}

void tunnel::open(worker_state& worker, opening&& opened, std::string_view from_client,
                  std::string_view from_member) {
  const auto pool = opened.pool;
  const live_streams::listing listing{*pool, pool->targets[opened.member], opened.snapshot,
                                      stream_kind::tunnel, opened.away};
  auto* t = new tunnel(worker, std::move(opened));
  worker.streams.add(*t, listing);
  t->pass(t->up_, from_client);
  t->pass(t->down_, from_member);
  t->run(t->up_);
  t->run(t->down_);
}

void tunnel::run(direction& way) {
  if (client_->cannot_wait() || upstream_->io.cannot_wait()) return finish();
  for (unsigned turns = 0; turns < relay_turns_max; ++turns)
    if (!step(way)) return;
  if (!way.waiting_read && !way.waiting_write) wait_read(way);
}

bool tunnel::step(direction& way) {
  if (finished_ || way.shut || way.waiting_write) return false;
  if (!flush(way)) return false;
  if (way.ended) {
    end_of(way);
    return false;
  }
  const auto scratch = worker_.blocks.take_scratch();
  const auto [bytes, error] = way.from->read_some(scratch.span().first(worker_.blocks.read_at_most()));
  if (net::is_would_block(error)) {
    wait_read(way);
    return false;
  }
  if (error) {
    if (!parting_) why_ = &way == &up_ ? "client_reset" : "member_reset";
    finish();
    return false;
  }
  if (idle_limit_.count() > 0 && !closing_) idle_.arm(worker_.wheel(), idle_limit_, &on_idle, this);
  if (bytes == 0)
    way.ended = true;
  else
    pass(way, {reinterpret_cast<const char*>(scratch.span().data()), bytes});
  return !finished_;
}

/// Passes bytes on, with our close frame among them where one is due.
void tunnel::pass(direction& way, std::string_view bytes) {
  way.bytes += bytes.size();
  if (!websocket_ || bytes.empty()) return way.closed ? void() : send(way, bytes);
  if (way.close_due && !way.closed) {
    const auto boundary = way.follower.boundary_in(bytes);
    if (boundary) {
      send(way, bytes.substr(0, *boundary));
      way.follower.feed(bytes);
      send_close(way);
      return end_where_answered(way);
    }
  }
  way.follower.feed(bytes);
  if (!way.closed) return send(way, bytes);
  end_where_answered(way);
}

/// Both sides were told to close. The client's answer is the end of it (RFC 6455 section 5.5.1).
void tunnel::end_where_answered(const direction& way) noexcept {
  if (&way == &up_ && way.follower.saw_close()) finish();
}

void tunnel::send(direction& way, std::string_view bytes) {
  if (!way.pending.empty()) {
    way.pending.append(bytes);
    return worker_.blocks.hold(bytes.size());
  }
  const std::array<iovec, 1> piece{iovec{const_cast<char*>(bytes.data()), bytes.size()}};
  const auto [written, error] = way.to->writev(piece);
  if (error && !net::is_would_block(error)) {
    if (!parting_) why_ = error == net::fenced() ? "fenced" : &way == &up_ ? "member_reset" : "client_reset";
    return finish();
  }
  way.pending.assign(bytes.substr(written));
  worker_.blocks.hold(way.pending.size());
  if (!way.pending.empty() && !way.waiting_write) wait_write(way);
}

/// True where nothing is left to be written.
bool tunnel::flush(direction& way) {
  if (way.pending.empty()) return true;
  auto rest = std::move(way.pending);
  way.pending.clear();
  worker_.blocks.release(rest.size());
  send(way, rest);
  return !finished_ && way.pending.empty();
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

void tunnel::end_of(direction& way) {
  way.shut = true;
  way.to->shutdown_send();
  if (up_.shut && down_.shut) return finish();
  // Whether the other half will be used is for the ends to know; an end that crashed never will.
  if (half_closed_limit_.count() == 0) return;
  if (idle_limit_.count() == 0 || half_closed_limit_ < idle_limit_) idle_limit_ = half_closed_limit_;
  if (!closing_) idle_.arm(worker_.wheel(), idle_limit_, &on_idle, this);
}

void tunnel::wait_read(direction& way) {
  if (std::exchange(way.waiting_read, true)) return; // a write that had to wait came in between
  way.from->when_readable({&on_readable, &way});
}

void tunnel::wait_write(direction& way) {
  way.waiting_write = true;
  way.to->when_writable({&on_writable, &way});
}

void tunnel::on_readable(void* way) {
  auto& readable = *static_cast<direction*>(way);
  readable.waiting_read = false;
  readable.owner->run(readable);
}

void tunnel::on_writable(void* way) {
  auto& writable = *static_cast<direction*>(way);
  writable.waiting_write = false;
  writable.owner->run(writable);
}

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

/// Closes both sides, so that nobody calls any more; destroyed when whoever is at it has returned.
void tunnel::finish() noexcept {
  if (finished_) return;
  finished_ = true;
  if (is_listed()) worker_.streams.remove(*this);
  idle_.unlink();
  life_.unlink();
  client_->close();
  upstream_->io.close();
  worker_.loop.defer([this] { delete this; });
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
  why_ = name_of(why);
  client_->abort();
  upstream_->io.abort();
  finish();
}

void tunnel::report(access_record::event what) const {
  access_record record;
  record.what = what;
  record.at = std::chrono::system_clock::now();
  record.client = names_->client;
  record.request_id = names_->request_id;
  record.host = names_->host;
  record.path = names_->path;
  record.route = names_->route;
  record.pool = names_->pool;
  record.member = names_->member;
  record.status = 101;
  record.why = why_;
  record.epoch = epoch_;
  record.received_bytes = up_.bytes;
  record.sent_bytes = down_.bytes;
  record.total = net::clock::now() - opened_at_;
  const auto code = up_.follower.close_code() ? up_.follower.close_code() : down_.follower.close_code();
  record.close_code = code.value_or(0);
  worker_.records->write(record);
}

} // namespace limpet::http
