#include "proxy/agent/health_check.hpp"

#include "proxy/membership/etcd/resolve.hpp"
#include "proxy/net/socket_address.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <memory>
#include <vector>

namespace limpet::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using protocol = asio::generic::stream_protocol;
using clock = std::chrono::steady_clock;
using checked = boost::system::result<void, check_failure>;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);

/// A socket that a timer closes.
struct probe {
  explicit probe(const asio::any_io_executor& executor) : socket(executor), timer(executor) {}

  protocol::socket socket;
  asio::steady_timer timer;
  bool has_expired = false;

  static std::shared_ptr<probe> make(const asio::any_io_executor& executor, clock::time_point deadline) {
    auto made = std::make_shared<probe>(executor);
    made->timer.expires_at(deadline);
    made->timer.async_wait([weak = std::weak_ptr(made)](error_code aborted) {
      const auto self = weak.lock();
      if (aborted || !self) return;
      self->has_expired = true;
      error_code ignored;
      self->socket.close(ignored);
    });
    return made;
  }

  check_failure failure(const char* what, error_code code) const {
    return {std::string(what) + ": " + (has_expired ? "no answer in time" : code.message())};
  }
};

asio::awaitable<std::vector<protocol::endpoint>> endpoints_of(std::string address,
                                                              clock::time_point deadline) {
  std::vector<protocol::endpoint> endpoints;
  if (const auto known = net::socket_address::parse(address, net::socket_address::use::connect)) {
    endpoints.emplace_back(known->data(), known->size());
    co_return endpoints;
  }
  const auto name = net::split_host_port(address);
  if (!name) co_return endpoints;
  const auto found = co_await etcd::resolve(name->host, std::to_string(name->port), deadline);
  if (!found) co_return endpoints;
  for (const auto& one : *found) {
    endpoints.emplace_back(one);
  }
  co_return endpoints;
}

asio::awaitable<checked> ask(std::shared_ptr<probe> over, std::string address, std::string path) {
  const std::string host = address.starts_with("unix:") ? "localhost" : address;
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + host +
                              "\r\nUser-Agent: limpet-agent\r\nConnection: close\r\n\r\n";
  const auto [unsent, sent] = co_await asio::async_write(over->socket, asio::buffer(request), use_tuple);
  if (unsent) co_return over->failure("sending", unsent);
  std::array<char, 512> buffer;
  std::string text;
  while (text.find('\n') == std::string::npos && text.size() < buffer.size()) {
    const auto [failed, count] = co_await over->socket.async_read_some(asio::buffer(buffer), use_tuple);
    if (failed) co_return over->failure("reading", failed);
    text.append(buffer.data(), count);
  }
  const unsigned status = parse_status(text);
  if (status >= 200 && status < 400) co_return checked();
  co_return check_failure{status == 0 ? "the answer is not HTTP" : "status " + std::to_string(status)};
}

} // namespace

unsigned parse_status(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() < 12 || !text.starts_with("HTTP/1.") || !is_digit(text[7]) || text[8] != ' ') return 0;
  if (!is_digit(text[9]) || !is_digit(text[10]) || !is_digit(text[11])) return 0;
  if (text.size() > 12 && text[12] != ' ' && text[12] != '\r' && text[12] != '\n') return 0;
  return static_cast<unsigned>((text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0'));
}

asio::awaitable<checked> check_health(std::string address, config::agent_check_settings settings) {
  const auto deadline = clock::now() + settings.timeout;
  const auto endpoints = co_await endpoints_of(address, deadline);
  const auto over = probe::make(co_await asio::this_coro::executor, deadline);
  error_code failed = asio::error::host_not_found;
  for (const auto& endpoint : endpoints) {
    error_code ignored;
    over->socket.close(ignored);
    std::tie(failed) = co_await over->socket.async_connect(endpoint, use_tuple);
    if (!failed || over->has_expired) break;
  }
  if (failed) co_return over->failure("connecting", failed);
  if (settings.http_path.empty()) co_return checked();
  co_return co_await ask(over, address, settings.http_path);
}

} // namespace limpet::agent
