#include "proxy/net/upstream_pool.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <sys/socket.h>

#include <algorithm>

namespace limpet::net {

upstream_connection::upstream_connection(stream::socket s, deadline_wheel& wheel, upstream_pool& pool,
                                         const member_target& member)
    : io(std::move(s), wheel), pool_(pool), member_number_(member.number), shared_(member.shared) {
  ++pool_.open_count_;
  shared_->connections.fetch_add(1, std::memory_order_relaxed);
  shared_->busy.fetch_add(1, std::memory_order_relaxed);
}

upstream_connection::~upstream_connection() {
  if (is_idle_)
    --pool_.idle_count_;
  else
    shared_->busy.fetch_sub(1, std::memory_order_relaxed);
  --pool_.open_count_;
  shared_->connections.fetch_sub(1, std::memory_order_relaxed);
}

void upstream_connection::set_idle(bool idle) noexcept {
  is_idle_ = idle;
  if (idle) {
    ++pool_.idle_count_;
    shared_->busy.fetch_sub(1, std::memory_order_relaxed);
  } else {
    --pool_.idle_count_;
    shared_->busy.fetch_add(1, std::memory_order_relaxed);
  }
}

upstream_ptr upstream_pool::take(const member_target& member) noexcept {
  const auto found = idle_.find(member.number);
  if (found == idle_.end()) return {};
  auto& idle = found->second;
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    // Bytes that nobody asked for, or the member's end: either way its next answer cannot be trusted to be
    // ours.
    if (!is_would_block(connection->io.peek().error)) continue;
    connection->idle_.disarm();
    connection->set_idle(false);
    connection->reused = true;
    return connection;
  }
  return {};
}

awaitable<dial_result> upstream_pool::dial(const member_target& member, milliseconds timeout) {
  error_code error = asio::error::host_not_found;
  const auto until = clock::now() + timeout;
  for (const auto& endpoint : member.endpoints) {
    stream::socket socket(io_);
    socket.open(endpoint.protocol(), error);
    if (error) continue;
    auto connection = std::make_unique<upstream_connection>(std::move(socket), wheel_, *this, member);
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
  connection->idle_.arm(wheel_, idle, &on_idle_expired, connection.get());
  connection->set_idle(true);
  list.push_back(std::move(connection));
}

void upstream_pool::on_idle_expired(void* connection) noexcept {
  auto* expired = static_cast<upstream_connection*>(connection);
  auto& pool = expired->pool_;
  std::erase_if(pool.idle_[expired->member_number_], [&](const auto& c) { return c.get() == expired; });
}

} // namespace limpet::net
