#include "tests/consistency/load/actor.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace limpet::load {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr unsigned burst_operations = 20;
constexpr std::chrono::milliseconds rest_max{50};
constexpr std::chrono::microseconds give_up_max{4000};
/// As clients do with a server that they do not reach: they ask another first.
constexpr std::uint64_t shunned_ns = 500'000'000;

constexpr std::array<std::string_view, 3> names{"ok", "no", "unknown"};

} // namespace

actor::actor(asio::any_io_executor executor, load_state& state, std::size_t number)
    : executor_(std::move(executor)), state_(state), number_(number),
      shunned_until_ns_(state.settings.proxies.size()) {
  for (const auto& proxy : state.settings.proxies)
    links_.emplace_back(executor_, proxy);
}

asio::awaitable<void> actor::run() {
  while (!state_.is_over) {
    if (burst_left_-- == 0) next_burst();
    const auto o = next_operation();
    const auto begin_ns = now_ns();
    const auto r = co_await ask(o);
    const auto end_ns = now_ns();
    tell(o, r, begin_ns, end_ns);
    if (r.is_cut) shunned_until_ns_[proxy_] = end_ns + shunned_ns;
    if (r.how != outcome::ok)
      co_await rest_after(r);
    else if (state_.settings.think > 0ms)
      co_await rest(2 * state_.settings.think);
  }
}

void actor::next_burst() {
  burst_left_ = burst_operations - 1;
  burst_by_socket_ = chance(state_.settings.websocket_share);
  socket_.reset();
}

operation actor::next_operation() {
  operation o;
  o.what = chance(0.5) ? kind::append : kind::read;
  o.session = state_.sessions.next(number_);
  o.value = ++state_.last_value;
  o.name = "o" + std::to_string(o.value);
  return o;
}

asio::awaitable<reply> actor::ask(const operation& o) {
  if (!burst_by_socket_) {
    proxy_ = any_proxy();
    co_return co_await links_[proxy_].ask(o, limit());
  }
  if (!socket_ || socket_->session() != o.session) {
    socket_proxy_ = any_proxy();
    socket_ = std::make_unique<socket_link>(executor_, state_.settings.proxies[socket_proxy_], o.session);
  }
  proxy_ = socket_proxy_;
  auto r = co_await socket_->ask(o, limit());
  if (r.how != outcome::ok) socket_.reset();
  co_return r;
}

/// A refusal asks for a pause (Retry-After), which is cut short here.
asio::awaitable<void> actor::rest_after(const reply& r) {
  co_await rest(r.how == outcome::no ? rest_max : 5ms);
}

asio::awaitable<void> actor::rest(std::chrono::milliseconds most) {
  std::uniform_int_distribution<std::int64_t> any(1, most.count());
  asio::steady_timer timer(executor_, std::chrono::milliseconds(any(state_.random)));
  co_await timer.async_wait(asio::use_awaitable);
}

std::size_t actor::any_proxy() {
  const auto now = now_ns();
  std::uniform_int_distribution<std::size_t> any(0, links_.size() - 1);
  auto chosen = any(state_.random);
  for (std::size_t i = 0; i < links_.size() && shunned_until_ns_[chosen] > now; ++i)
    chosen = (chosen + 1) % links_.size();
  return chosen;
}

duration actor::limit() {
  if (!chance(state_.settings.give_up_share)) return state_.settings.answer_limit;
  std::uniform_int_distribution<std::int64_t> any(0, give_up_max.count());
  return std::chrono::microseconds(any(state_.random));
}

bool actor::chance(double share) {
  return std::bernoulli_distribution(share)(state_.random);
}

void actor::tell(const operation& o, const reply& r, std::uint64_t begin_ns, std::uint64_t end_ns) {
  state_.counted.add(r, begin_ns, end_ns);
  std::string line = "O c" + std::to_string(number_) + ' ' + o.session + ' ' + o.name + ' ' +
                     std::to_string(begin_ns) + ' ' + std::to_string(end_ns) + ' ';
  line += names[static_cast<std::size_t>(r.how)];
  if (o.what == kind::append)
    line += " append " + std::to_string(o.value) + '\n';
  else
    line += " read " + (r.how == outcome::ok ? to_text(r.values) : "-") + '\n';
  state_.log.write(line);
}

} // namespace limpet::load
