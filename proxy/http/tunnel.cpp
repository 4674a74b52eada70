#include "proxy/http/tunnel.hpp"

#include <array>

namespace limpet::http {

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

void tunnel::end_of(direction& way) {
  way.shut = true;
  counted_.writes(net::boot_now()); // an end is news to the member as a byte is
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

/// Closes both sides, so that nobody calls any more; destroyed when whoever is at it has returned.
void tunnel::finish() noexcept {
  if (finished_) return;
  finished_ = true;
  if (is_listed()) worker_.streams.remove(*this);
  idle_.unlink();
  life_.unlink();
  counted_.writes(net::boot_now());
  client_->close();
  upstream_->io.close();
  worker_.loop.defer([this] { delete this; });
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
