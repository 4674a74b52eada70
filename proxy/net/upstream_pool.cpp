#include "proxy/net/upstream_pool.hpp"

#include "proxy/net/event_loop.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace limpet::net {

upstream_connection::upstream_connection(unique_fd socket, upstream_pool& pool, const member_target& member)
    : io(std::move(socket), pool.loop_), pool_(pool), member_number_(member.number), shared_(member.shared) {
  ++pool_.open_count_;
  shared_->connections.fetch_add(1, std::memory_order_relaxed);
  if (member.counts_busy) stays_busy();
}

upstream_connection::~upstream_connection() {
  if (is_idle_) --pool_.idle_count_;
  set_not_busy();
  --pool_.open_count_;
  shared_->connections.fetch_sub(1, std::memory_order_relaxed);
}

void upstream_connection::stays_busy() noexcept {
  if (!std::exchange(is_counted_busy_, true)) shared_->busy.fetch_add(1, std::memory_order_relaxed);
}

void upstream_connection::set_not_busy() noexcept {
  if (std::exchange(is_counted_busy_, false)) shared_->busy.fetch_sub(1, std::memory_order_relaxed);
}

upstream_ptr upstream_pool::take(const member_target& member, check how) noexcept {
  const auto found = idle_.find(member.number);
  if (found == idle_.end()) return {};
  auto& idle = found->second;
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    // Bytes that nobody asked for, or the member's end: either way its next answer cannot be trusted to be
    // ours.
    const bool asks = how == check::asked || connection->io.may_read();
    if (asks && !is_would_block(connection->io.peek().error)) continue;
    connection->io.forget_reader();
    connection->idle_.disarm();
    connection->is_idle_ = false;
    --idle_count_;
    if (member.counts_busy) connection->stays_busy();
    connection->reused = true;
    return connection;
  }
  return {};
}

task<dial_result> upstream_pool::dial(const member_target& member, milliseconds timeout) {
  error_code error = asio::error::host_not_found;
  const auto until = clock::now() + timeout;
  for (const auto& endpoint : member.endpoints) {
    auto socket = stream::open(endpoint);
    if (!socket) {
      error = socket.error();
      continue;
    }
    auto connection = std::make_unique<upstream_connection>(std::move(*socket), *this, member);
    const auto left = std::chrono::duration_cast<milliseconds>(until - clock::now());
    error = co_await connection->io.connect(endpoint, std::max(left, milliseconds(1)));
    if (!error) co_return dial_result{std::move(connection), {}};
    if (error == asio::error::timed_out) break;
  }
  co_return dial_result{{}, error};
}

void upstream_pool::give_back(upstream_ptr connection, milliseconds idle, std::uint32_t idle_max) {
  connection->io.clear_deadline();
  auto& list = idle_[connection->member_number_];
  if (list.size() >= idle_max || idle <= milliseconds::zero() || connection->io.interrupted()) return;
  connection->idle_.arm(loop_.wheel(), idle, &on_idle_expired, connection.get());
  connection->io.when_readable({&on_idle_readable, connection.get()});
  connection->is_idle_ = true;
  ++idle_count_;
  connection->set_not_busy();
  list.push_back(std::move(connection));
}

void upstream_pool::on_idle_expired(void* connection) noexcept {
  auto& expired = *static_cast<upstream_connection*>(connection);
  expired.pool_.drop(expired);
}

void upstream_pool::on_idle_readable(void* connection) noexcept {
  auto& idle = *static_cast<upstream_connection*>(connection);
  // There was nothing after all: the last answer just filled the room that it was read into.
  if (is_would_block(idle.io.peek().error) && !idle.io.cannot_wait())
    return idle.io.when_readable({&on_idle_readable, connection});
  idle.pool_.drop(idle);
}

void upstream_pool::drop(upstream_connection& idle) noexcept {
  std::erase_if(idle_[idle.member_number_], [&](const auto& c) { return c.get() == &idle; });
}

} // namespace limpet::net
