#include "deploy/demo/connection.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace limpet::demo {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::use_awaitable;
using boost::system::error_code;

namespace {

constexpr std::size_t message_bytes_max = 16 << 20;
constexpr std::size_t command_bytes_max = 4096; ///< a longer text is no command

/// The first protocol that the client offers, since all are one to an echo; empty where it offers none.
std::string chosen_protocol(const http::fields& fields) {
  const std::string_view offered = fields[http::field::sec_websocket_protocol];
  return std::string(offered.substr(0, offered.find_first_of(", ")));
}

} // namespace

asio::awaitable<void> connection::serve_websocket(const head_parser& head, std::string session) {
  stream_.expires_never(); // the WebSocket stream has its own timers
  websocket::stream<beast::tcp_stream&> socket(stream_);
  socket.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
  socket.read_message_max(message_bytes_max);
  socket.set_option(websocket::stream_base::decorator(
      [this, protocol = chosen_protocol(head.get())](websocket::response_type& answer) {
        answer.set("X-Member", service_.id);
        if (!protocol.empty()) answer.set(http::field::sec_websocket_protocol, protocol);
      }));
  co_await socket.async_accept(head.get(), use_awaitable);

  on_drain_ = [this, &socket] {
    socket.async_close({websocket::close_code::going_away, "the member is going"},
                       [self = shared_from_this()](error_code) {});
  };
  beast::flat_buffer message;
  while (true) {
    error_code closed;
    co_await socket.async_read(message, asio::redirect_error(use_awaitable, closed));
    if (closed) break;
    socket.text(socket.got_text());
    if (socket.got_text() && message.size() <= command_bytes_max) {
      const auto reply = handle_text(service_, session, beast::buffers_to_string(message.data()));
      co_await socket.async_write(asio::buffer(reply), use_awaitable);
    } else {
      co_await socket.async_write(message.data(), use_awaitable);
    }
    message.consume(message.size());
  }
  on_drain_ = nullptr;
}

} // namespace limpet::demo
