#include "proxy/membership/etcd/resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <memory>

namespace limpet::etcd {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Shared between the one who waits and the look-up, which may outlive the wait.
struct look_up {
  explicit look_up(const asio::any_io_executor& executor) : resolver(executor), timer(executor) {}

  tcp::resolver resolver;
  asio::steady_timer timer;
  bool is_done = false;
  error_code failed;
  std::vector<tcp::endpoint> addresses;
};

} // namespace

bool is_address(std::string_view host) {
  error_code failed;
  asio::ip::make_address(std::string(host), failed);
  return !failed;
}

asio::awaitable<result<std::vector<tcp::endpoint>>> resolve(std::string host, std::string port,
                                                            std::chrono::steady_clock::time_point deadline) {
  std::uint16_t number = 0;
  const auto [end, bad_port] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (bad_port != std::errc{} || end != port.data() + port.size())
    co_return error{errc::unreachable, "bad port"};
  error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, number)};

  auto state = std::make_shared<look_up>(co_await asio::this_coro::executor);
  state->timer.expires_at(deadline);
  state->resolver.async_resolve(host, port,
                                [state](error_code failed, const tcp::resolver::results_type& found) {
                                  state->is_done = true;
                                  state->failed = failed;
                                  for (const auto& entry : found) {
                                    state->addresses.push_back(entry.endpoint());
                                  }
                                  state->timer.cancel();
                                });
  co_await state->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!state->is_done) co_return error{errc::timed_out, "the host name was not resolved in time"};
  if (state->failed) co_return error{errc::unreachable, "host name: " + state->failed.message()};
  co_return std::move(state->addresses);
}

} // namespace limpet::etcd
