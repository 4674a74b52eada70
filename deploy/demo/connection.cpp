#include "deploy/demo/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <array>
#include <utility>

namespace limpet::demo {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::use_awaitable;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds io_timeout{
    60}; ///< an idle connection, a read or a write that makes no progress
constexpr std::chrono::seconds linger_time{1};
constexpr std::uint32_t header_bytes_max = 128 * 1024;

} // namespace

connection::connection(asio::ip::tcp::socket socket, service& s)
    : stream_(std::move(socket)), buffer_(256 * 1024), service_(s), timer_(stream_.get_executor()) {
  error_code ignored;
  stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<void> connection::run() {
  const auto self = shared_from_this();
  try {
    while (co_await serve_one()) {
    }
  } catch (const boost::system::system_error&) {
    // The other side went away or fell silent: nobody is left to tell.
  }
  on_drain_ = nullptr;
  co_await linger();
}

asio::awaitable<void> connection::linger() {
  error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  std::array<char, 16 * 1024> unread;
  stream_.expires_after(linger_time);
  while (!error) {
    co_await stream_.async_read_some(asio::buffer(unread), asio::redirect_error(use_awaitable, error));
  }
}

void connection::drain() {
  if (const auto end = std::exchange(on_drain_, nullptr)) end();
}

asio::awaitable<bool> connection::serve_one() {
  head_parser head;
  head.header_limit(header_bytes_max);
  head.body_limit(boost::none); // each handler has its own

  stream_.expires_after(io_timeout);
  on_drain_ = [this] {
    error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  };
  error_code error;
  co_await http::async_read_header(stream_, buffer_, head, asio::redirect_error(use_awaitable, error));
  on_drain_ = nullptr;

  if (error == http::error::end_of_stream) co_return false;
  if (error.category() == make_error_code(http::error::bad_method).category()) {
    co_return co_await refuse(http::status::bad_request, "not HTTP/1.1: " + error.message());
  }
  if (error) throw boost::system::system_error(error);

  ++service_.requests;
  co_return co_await dispatch(head);
}

asio::awaitable<bool> connection::dispatch(head_parser& head) {
  const auto where = split_target(head.get().target());
  if (where.path == "/ws") {
    if (!beast::websocket::is_upgrade(head.get())) {
      co_return co_await refuse(http::status::upgrade_required, "this path speaks WebSocket only");
    }
    if (buffer_.size() > 0) { // RFC 6455 section 4.1: the client waits for the answer
      co_return co_await refuse(http::status::bad_request, "frames before the handshake's answer");
    }
    co_await serve_websocket(head, session_of(head.get(), where.query));
    co_return false;
  }
  if (where.path == "/upload") co_return co_await serve_upload(head);
  if (where.path == "/events") co_return co_await serve_events(head, where);
  if (where.path == "/slow") co_return co_await serve_slow(head, where);
  if (where.path.starts_with("/bytes/")) co_return co_await serve_bytes(head, where);
  co_return co_await serve_whole(head);
}

asio::awaitable<bool> connection::serve_whole(head_parser& head) {
  const auto body_bytes_max = service_.sessions.limits().value_bytes;
  if (head.content_length().value_or(0) > body_bytes_max) {
    co_return co_await refuse(http::status::payload_too_large, "the value is too long");
  }
  co_await answer_expectation(head);

  http::request_parser<http::string_body> whole(std::move(head));
  whole.body_limit(body_bytes_max);
  stream_.expires_after(io_timeout);
  error_code error;
  co_await http::async_read(stream_, buffer_, whole, asio::redirect_error(use_awaitable, error));
  if (error == http::error::body_limit) {
    co_return co_await refuse(http::status::payload_too_large, "the value is too long");
  }
  if (error) throw boost::system::system_error(error);

  auto answer = handle(service_, whole.get());
  const bool keep_alive = whole.keep_alive() && !service_.draining;
  answer.keep_alive(keep_alive);
  co_await write(std::move(answer), whole.get().method() == http::verb::head);
  co_return keep_alive;
}

asio::awaitable<void> connection::answer_expectation(const head_parser& head) {
  if (!beast::iequals(head.get()[http::field::expect], "100-continue")) co_return;
  stream_.expires_after(io_timeout);
  constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  co_await asio::async_write(stream_, asio::buffer(go_on), use_awaitable);
}

asio::awaitable<void> connection::write(response answer, bool head_only) {
  stream_.expires_after(io_timeout);
  http::response_serializer<http::string_body> serializer(answer);
  if (head_only) {
    co_await http::async_write_header(stream_, serializer, use_awaitable);
  } else {
    co_await http::async_write(stream_, serializer, use_awaitable);
  }
}

asio::awaitable<bool> connection::refuse(http::status status, std::string why) {
  auto answer = make_response(service_, status, std::move(why) + "\n");
  answer.keep_alive(false); // the rest of the request is not read
  co_await write(std::move(answer), false);
  co_return false;
}

} // namespace limpet::demo
