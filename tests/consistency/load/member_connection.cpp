#include "tests/consistency/load/member_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace limpet::load {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::use_awaitable;

namespace {

constexpr std::chrono::minutes idle_max{5};
constexpr std::size_t message_bytes_max = 4096;
constexpr std::string_view epoch_field = "Limpet-Epoch";

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

/// 0 where the proxy tells of none.
std::uint64_t epoch_of(const request& r) {
  return parse_number(std::string_view(r[epoch_field])).value_or(0);
}

asio::awaitable<response> answer(const request& asked, list_keeper& keeper) {
  response answered{http::status::bad_request, asked.version()};
  answered.keep_alive(asked.keep_alive());
  auto o = parse_request(std::string_view(asked.method_string()), std::string_view(asked.target()));
  if (o) {
    const auto what = o->what;
    const auto values = co_await keeper.execute(std::move(*o), epoch_of(asked));
    answered.result(http::status::ok);
    answered.body() = what == kind::append ? std::to_string(values.size()) : to_text(values);
  }
  answered.prepare_payload();
  co_return answered;
}

asio::awaitable<void> serve_socket(beast::tcp_stream stream, request handshake, std::string session,
                                   list_keeper& keeper) {
  stream.expires_never();
  websocket::stream<beast::tcp_stream> socket(std::move(stream));
  socket.read_message_max(message_bytes_max);
  co_await socket.async_accept(handshake, use_awaitable);
  const auto epoch = epoch_of(handshake);
  for (beast::flat_buffer buffer;; buffer.clear()) {
    co_await socket.async_read(buffer, use_awaitable);
    auto o = parse_message(session, beast::buffers_to_string(buffer.data()));
    if (!o) co_return;
    const auto [what, name] = std::pair(o->what, o->name);
    const auto values = co_await keeper.execute(std::move(*o), epoch);
    const auto text = what == kind::append ? "ok " + name + ' ' + std::to_string(values.size())
                                           : "list " + name + ' ' + to_text(values);
    co_await socket.async_write(asio::buffer(text), use_awaitable);
  }
}

} // namespace

asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket, list_keeper& keeper) {
  socket.set_option(asio::ip::tcp::no_delay(true));
  beast::tcp_stream stream(std::move(socket));
  for (beast::flat_buffer buffer(message_bytes_max);;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(message_bytes_max);
    parser.body_limit(message_bytes_max);
    stream.expires_after(idle_max);
    co_await http::async_read(stream, buffer, parser, use_awaitable);
    auto asked = parser.release();
    if (websocket::is_upgrade(asked)) {
      auto session = parse_socket_target(std::string_view(asked.target()));
      if (session) co_await serve_socket(std::move(stream), std::move(asked), std::move(*session), keeper);
      co_return;
    }
    const auto answered = co_await answer(asked, keeper);
    co_await http::async_write(stream, answered, use_awaitable);
    if (!answered.keep_alive()) co_return;
  }
}

} // namespace limpet::load
