#include "proxy/http/worker_state.hpp"

#include "proxy/http/exchange.hpp"
#include "proxy/http/tunnel.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

namespace limpet::http {

random_source::random_source() {
  secret({reinterpret_cast<std::uint8_t*>(state_.data()), sizeof state_});
}

std::uint64_t random_source::next() noexcept {
  const auto rotl = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
  const auto result = rotl(state_[1] * 5, 7) * 9;
  const auto t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotl(state_[3], 45);
  return result;
}

void random_source::secret(std::span<std::uint8_t> out) {
  // Up to 256 bytes come whole and at once (getrandom(2)); a system without them is no place to issue
  // sessions.
  if (::getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) std::abort();
}

worker_state::worker_state(net::event_loop& events, process_state& shared_process, std::size_t index)
    : loop(events), process(shared_process), upstreams(events), epochs(events), index_(index) {}

worker_state::~worker_state() = default;

void worker_state::publish(std::shared_ptr<const snapshot> s) {
  upstreams.drop_members([&](std::uint32_t number) { return s->find(number) != nullptr; });
  current_ = local_snapshot::reference(*new local_snapshot(std::move(s)));
  streams.publish(*current_);
  apply_strict();
}

/// After the streams know the snapshot, so that those that move are on their way when the ledger is looked
/// at.
void worker_state::apply_strict() {
  for (const auto& pool : current_->pools) {
    if (!pool->strict || !process.strict) continue;
    if (pool->number >= strict_.size()) strict_.resize(pool->number + 1);
    auto& known = strict_[pool->number];
    if (!known) known = std::make_unique<strict_pool>(loop, *process.strict, index_, *pool);
    end_streams(pool->number, known->apply(*pool));
  }
  for (std::uint32_t number = 0; number < strict_.size(); ++number)
    if (strict_[number] && !is_strict_now(number)) end_streams(number, strict_[number]->pool_gone());
  for (std::uint32_t number = 0; number < strict_.size(); ++number)
    if (strict_[number]) strict_[number]->resume_released();
}

void worker_state::end_streams(std::uint32_t pool_number, strict_pool::ending ending) {
  if (ending == strict_pool::ending::all) streams.end_all(pool_number);
  if (ending == strict_pool::ending::endless) streams.end_endless(pool_number);
}

bool worker_state::is_strict_now(std::uint32_t pool_number) const {
  return std::ranges::any_of(current_->pools,
                             [&](const auto& pool) { return pool->strict && pool->number == pool_number; });
}

void worker_state::leave_strict() {
  for (const auto& pool : strict_)
    if (pool) pool->leave();
}

std::unique_ptr<exchange> worker_state::take_exchange() {
  if (exchanges_.empty()) return std::make_unique<exchange>(*this);
  auto taken = std::move(exchanges_.back());
  exchanges_.pop_back();
  return taken;
}

void worker_state::give_back(std::unique_ptr<exchange> used) {
  used->reset();
  if (exchanges_.size() < exchanges_kept) exchanges_.push_back(std::move(used));
}

std::string_view worker_state::date() {
  const auto now = std::time(nullptr);
  if (now != date_second_) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    char text[32];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    date_second_ = now;
  }
  return date_;
}

net::counter_shard worker_state::sample() const {
  auto copy = counters;
  const auto gauge = [&](metric m, std::uint32_t a, std::uint64_t value) {
    copy.add(static_cast<std::uint16_t>(m), a, 0, value);
  };
  gauge(metric::open_connections, 0, connections.size());
  for (const auto* t : tunnels)
    gauge(metric::open_tunnels, t->pool_number(), 1);
  gauge(metric::upstream_connections, 0, upstreams.open_count() - upstreams.idle_count());
  gauge(metric::upstream_connections, 1, upstreams.idle_count());
  gauge(metric::buffered_bytes, 0, blocks.bytes_held());
  gauge(metric::epoch_waits, 0, epochs.count());
  for (std::uint32_t number = 0; number < strict_.size(); ++number)
    if (strict_[number]) gauge(metric::parked_now, number, strict_[number]->parked().requests());
  streams.sample(copy);
  return copy;
}

} // namespace limpet::http
