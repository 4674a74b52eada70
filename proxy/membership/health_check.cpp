#include "proxy/membership/health_check.hpp"

#include "proxy/membership/etcd/resolve.hpp"
#include "proxy/net/socket_address.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace limpet::membership {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using clock = std::chrono::steady_clock;
using endpoint = health_check::endpoint;

constexpr auto use_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t answer_bytes_max = 8'192;

asio::awaitable<std::vector<endpoint>> endpoints_of(std::string address, clock::time_point deadline) {
  std::vector<endpoint> endpoints;
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

/// Takes interim answers (RFC 9110 section 15.2) off the front of `text`. False while the final one's status
/// line is not there.
bool find_final_answer(std::string& text) {
  for (;;) {
    if (text.find('\n') == std::string::npos) return false;
    const unsigned status = parse_status(text);
    if (status < 100 || status >= 200) return true;
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    text.erase(0, end + 4);
  }
}

check_result judge(const health_question& question, unsigned status) {
  if (status == 0) return check_failure{"the answer is not HTTP"};
  const bool good = std::any_of(question.status.begin(), question.status.end(), [=](const auto& range) {
    return range.first <= status && status <= range.last;
  });
  if (good) return {};
  return check_failure{"status " + std::to_string(status)};
}

} // namespace

health_check::health_check(const asio::any_io_executor& executor, health_question question)
    : question_(std::move(question)), socket_(executor), timer_(executor) {}

std::shared_ptr<health_check> health_check::make(const asio::any_io_executor& executor,
                                                 health_question question) {
  auto made = std::make_shared<health_check>(executor, std::move(question));
  made->timer_.expires_after(made->question_.timeout);
  made->timer_.async_wait([weak = std::weak_ptr(made)](error_code aborted) {
    const auto self = weak.lock();
    if (aborted || !self) return;
    self->has_expired_ = true;
    error_code ignored;
    self->socket_.close(ignored);
  });
  return made;
}

void health_check::cancel() {
  is_cancelled_ = true;
  error_code ignored;
  socket_.close(ignored);
}

check_failure health_check::failure(const char* what, error_code code) const {
  return {std::string(what) + ": " + (has_expired_ ? "no answer in time" : code.message())};
}

asio::awaitable<check_result> health_check::run(std::shared_ptr<health_check> self,
                                                std::vector<endpoint> endpoints) {
  error_code failed = asio::error::host_not_found;
  for (const auto& one : endpoints) {
    if (self->has_expired_ || self->is_cancelled_) break;
    error_code ignored;
    self->socket_.close(ignored);
    std::tie(failed) = co_await self->socket_.async_connect(one, use_tuple);
    if (!failed) break;
  }
  if (failed) co_return self->failure("connecting", failed);
  if (self->question_.http_path.empty()) co_return check_result();
  co_return co_await self->ask();
}

asio::awaitable<check_result> health_check::ask() {
  const std::string request = "GET " + question_.http_path + " HTTP/1.1\r\nHost: " +
                              (question_.host.empty() ? "localhost" : question_.host) +
                              "\r\nUser-Agent: " + question_.user_agent + "\r\nConnection: close\r\n\r\n";
  const auto [unsent, sent] = co_await asio::async_write(socket_, asio::buffer(request), use_tuple);
  if (unsent) co_return failure("sending", unsent);
  std::array<char, 512> buffer;
  std::string text;
  std::size_t received = 0;
  while (!find_final_answer(text) && received < answer_bytes_max) {
    const auto [failed, count] = co_await socket_.async_read_some(asio::buffer(buffer), use_tuple);
    if (failed) co_return failure("reading", failed);
    text.append(buffer.data(), count);
    received += count;
  }
  co_return judge(question_, parse_status(text));
}

asio::awaitable<check_result> check_health(std::string address, health_question question) {
  const auto begin = clock::now();
  const auto timeout = question.timeout;
  auto endpoints = co_await endpoints_of(address, begin + timeout);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(begin + timeout - clock::now());
  question.timeout = std::max(left, std::chrono::milliseconds(0));
  auto check = health_check::make(co_await asio::this_coro::executor, std::move(question));
  co_return co_await health_check::run(std::move(check), std::move(endpoints));
}

unsigned parse_status(std::string_view text) noexcept {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() < 12 || !text.starts_with("HTTP/1.") || !is_digit(text[7]) || text[8] != ' ') return 0;
  if (!is_digit(text[9]) || !is_digit(text[10]) || !is_digit(text[11])) return 0;
  if (text.size() > 12 && text[12] != ' ' && text[12] != '\r' && text[12] != '\n') return 0;
  return static_cast<unsigned>((text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0'));
}

std::string host_of(const std::string& address) {
  return address.starts_with("unix:") ? "localhost" : address;
}

} // namespace limpet::membership
