#include "tests/consistency/load/link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace limpet::load {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::use_awaitable;

namespace {

constexpr std::chrono::seconds connect_max{1};
constexpr std::string_view session_field = "X-Session";
constexpr std::size_t answer_bytes_max = 64 * 1024;

asio::awaitable<void> connect(beast::tcp_stream& stream, const asio::ip::tcp::endpoint& proxy,
                              duration limit) {
  stream.expires_after(std::min<duration>(limit, connect_max));
  co_await stream.async_connect(proxy, use_awaitable);
  stream.socket().set_option(asio::ip::tcp::no_delay(true));
}

} // namespace

http_link::http_link(asio::any_io_executor executor, asio::ip::tcp::endpoint proxy)
    : executor_(std::move(executor)), proxy_(std::move(proxy)), buffer_(answer_bytes_max) {}

asio::awaitable<reply> http_link::ask(const operation& o, duration limit) {
  try {
    if (!stream_) {
      beast::tcp_stream fresh(executor_);
      co_await connect(fresh, proxy_, limit);
      stream_.emplace(std::move(fresh));
    }
  } catch (const boost::system::system_error&) {
    co_return reply{outcome::no, {}, true};
  }
  try {
    co_return co_await exchange(o, limit);
  } catch (const boost::system::system_error&) {
    stream_.reset();
  }
  buffer_.clear();
  co_return reply{outcome::unknown, {}, true};
}

asio::awaitable<reply> http_link::exchange(const operation& o, duration limit) {
  http::request<http::empty_body> request(http::string_to_verb(method_of(o)), target_of(o), 11);
  request.set(http::field::host, "matrix");
  request.set(session_field, o.session);
  request.prepare_payload();
  http::response<http::string_body> response;
  stream_->expires_after(limit);
  co_await http::async_write(*stream_, request, use_awaitable);
  co_await http::async_read(*stream_, buffer_, response, use_awaitable);
  if (!response.keep_alive()) stream_.reset();
  co_return reply_of(o.what, response.result_int(), response.body());
}

socket_link::socket_link(asio::any_io_executor executor, asio::ip::tcp::endpoint proxy, std::string session)
    : proxy_(std::move(proxy)), session_(std::move(session)), socket_(std::move(executor)) {}

asio::awaitable<void> socket_link::open(duration limit) {
  auto& stream = beast::get_lowest_layer(socket_);
  co_await connect(stream, proxy_, limit);
  stream.expires_after(limit);
  socket_.set_option(websocket::stream_base::decorator(
      [this](websocket::request_type& request) { request.set(session_field, session_); }));
  co_await socket_.async_handshake("matrix", socket_target_of(session_), use_awaitable);
}

asio::awaitable<reply> socket_link::ask(const operation& o, duration limit) {
  auto how = outcome::no;
  try {
    if (!socket_.is_open()) co_await open(limit);
    how = outcome::unknown;
    beast::get_lowest_layer(socket_).expires_after(limit);
    const auto message = message_of(o);
    co_await socket_.async_write(asio::buffer(message), use_awaitable);
    beast::flat_buffer buffer(answer_bytes_max);
    co_await socket_.async_read(buffer, use_awaitable);
    co_return reply_of(o, beast::buffers_to_string(buffer.data()));
  } catch (const boost::system::system_error&) {
    co_return reply{how, {}, true};
  }
}

} // namespace limpet::load
