#include "proxy/ops/admin_session.hpp"

#include "proxy/ops/index_page.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>

namespace limpet::ops {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace wire = boost::beast::http; // limpet::http is another one
using boost::system::error_code;

using request_parser = wire::request_parser<wire::string_body>;
using request = wire::request<wire::string_body>;
using response = wire::response<wire::string_body>;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

std::string_view view_of(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// The status for a request that could not be read; 0 where there is nobody to tell.
unsigned status_of(const error_code& error) noexcept {
  if (error == wire::error::header_limit || error == wire::error::buffer_overflow) return 431;
  if (error == wire::error::body_limit) return 413;
  if (error == wire::error::end_of_stream || error == wire::error::partial_message) return 0;
  static const auto& http_errors = make_error_code(wire::error::bad_method).category();
  return error.category() == http_errors ? 400 : 0;
}

page_answer plain_answer(unsigned status) {
  page_answer answer;
  answer.status = status;
  answer.content = std::string(view_of(wire::obsolete_reason(wire::int_to_status(status)))) + "\n";
  return answer;
}

/// RFC 9110 section 5.6.7.
std::string http_date() {
  const auto now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

response make_response(page_answer answer, unsigned version, bool keep_alive) {
  response r(wire::int_to_status(answer.status), version);
  r.set(wire::field::server, "limpet");
  r.set(wire::field::date, http_date());
  r.set(wire::field::content_type, answer.content_type);
  r.set(wire::field::cache_control, "no-store");
  r.set("X-Content-Type-Options", "nosniff");
  r.set("Content-Security-Policy", content_security_policy);
  if (!answer.allow.empty()) r.set(wire::field::allow, answer.allow);
  if (answer.status == 401) r.set(wire::field::www_authenticate, "Bearer realm=\"limpet\"");
  r.keep_alive(keep_alive);
  r.body() = std::move(answer.content);
  r.prepare_payload();
  return r;
}

page_request request_of(const request& r) {
  const auto target = view_of(r.target());
  const auto mark = std::min(target.find('?'), target.size());
  return {r.method() == wire::verb::head ? "GET" : view_of(r.method_string()), target.substr(0, mark),
          target.substr(std::min(mark + 1, target.size()))};
}

/// 0 where the request may be answered.
unsigned refusal_of(const request& r, const admin_guard& guard) {
  const auto hosts = r.count(wire::field::host);
  if (hosts > 1 || (hosts == 0 && r.version() >= 11)) return 400;
  const auto host = view_of(r[wire::field::host]);
  if (!guard.allows_host(host)) return 421;
  const bool reads = r.method() == wire::verb::get || r.method() == wire::verb::head;
  if (!reads && !admin_guard::allows_origin(view_of(r[wire::field::origin]), host)) return 403;
  const auto authorizations = r.count(wire::field::authorization);
  if (authorizations > 1) return 400;
  if (!guard.allows_bearer(request_of(r).path, view_of(r[wire::field::authorization]))) return 401;
  return 0;
}

asio::awaitable<page_answer> answer_to(const request& r, const admin_guard& guard, admin_pages& pages) {
  if (const auto refusal = refusal_of(r, guard)) co_return plain_answer(refusal);
  try {
    co_return co_await pages.handle(request_of(r));
  } catch (const std::exception& e) {
    spdlog::error("admin server: {}: {}", view_of(r.target()), e.what());
  }
  co_return plain_answer(500);
}

asio::awaitable<error_code> write(admin_session::protocol::socket& socket, response& r, bool head_only) {
  wire::response_serializer<wire::string_body> serializer(r);
  if (head_only) co_return std::get<0>(co_await wire::async_write_header(socket, serializer, as_tuple));
  co_return std::get<0>(co_await wire::async_write(socket, serializer, as_tuple));
}

} // namespace

void admin_session::close() noexcept {
  error_code ignored;
  socket_.close(ignored);
  deadline_.cancel();
}

void admin_session::begin_deadline() {
  deadline_.expires_after(limits_.request);
  deadline_.async_wait([self = weak_from_this()](const error_code& error) {
    if (error) return;
    if (const auto session = self.lock()) session->close();
  });
}

/// A socket closed with bytes unread resets the connection, and the client may never see the answer.
asio::awaitable<void> admin_session::let_client_read() {
  error_code error;
  socket_.shutdown(asio::socket_base::shutdown_send, error);
  std::array<char, 4096> ignored;
  while (!error)
    std::tie(error, std::ignore) = co_await socket_.async_read_some(asio::buffer(ignored), as_tuple);
}

asio::awaitable<void> admin_session::run() {
  beast::flat_buffer buffer(limits_.head_bytes + limits_.content_bytes);
  for (bool keep_alive = true; keep_alive;) {
    begin_deadline();
    request_parser parser;
    parser.header_limit(limits_.head_bytes);
    parser.body_limit(limits_.content_bytes);
    is_waiting_ = true;
    const auto read_error = std::get<0>(co_await wire::async_read(socket_, buffer, parser, as_tuple));
    is_waiting_ = false;
    const auto refusal = read_error ? status_of(read_error) : 0;
    if (read_error && refusal == 0) co_return;

    const auto& r = parser.get();
    keep_alive = refusal == 0 && r.keep_alive();
    // Not `?:` over co_await: gcc 12 destroys the chosen operand twice.
    page_answer answer;
    if (refusal == 0)
      answer = co_await answer_to(r, guard_, pages_);
    else
      answer = plain_answer(refusal);
    auto sent = make_response(std::move(answer), refusal == 0 ? r.version() : 11, keep_alive);
    const bool head_only = refusal == 0 && r.method() == wire::verb::head;
    if (co_await write(socket_, sent, head_only)) co_return;
  }
  is_waiting_ = true; // for the client's end
  co_await let_client_read();
}

} // namespace limpet::ops
