#pragma once

#include "deploy/demo/handlers.hpp"
#include "deploy/demo/request.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <functional>
#include <memory>

namespace limpet::demo {

using head_parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

/// One client connection: reads request after request and answers each, until one side ends it.
class connection : public std::enable_shared_from_this<connection> {
public:
  connection(boost::asio::ip::tcp::socket socket, service& s);

  /// Serves until the connection ends. Errors of the network end it quietly.
  boost::asio::awaitable<void> run();

  /// The member is going: an idle connection ends now, an answer is finished, a stream or WebSocket is ended.
  void drain();

private:
  /// False where the connection is to end.
  boost::asio::awaitable<bool> serve_one();
  boost::asio::awaitable<bool> dispatch(head_parser& head);
  /// Reads the body whole and answers from handlers.cpp.
  boost::asio::awaitable<bool> serve_whole(head_parser& head);
  boost::asio::awaitable<void> write(response answer, bool head_only);
  boost::asio::awaitable<bool> refuse(boost::beast::http::status status, std::string why);
  boost::asio::awaitable<void> answer_expectation(const head_parser& head);
  /// Reads and forgets what is still coming: a close with bytes unread would reset the connection, and the
  /// reset could overtake the answer.
  boost::asio::awaitable<void> linger();

  // streams.cpp
  boost::asio::awaitable<bool> serve_upload(head_parser& head);
  boost::asio::awaitable<bool> serve_bytes(const head_parser& head, target where);
  boost::asio::awaitable<bool> serve_events(const head_parser& head, target where);
  boost::asio::awaitable<bool> serve_slow(const head_parser& head, target where);
  boost::asio::awaitable<void> write_stream_head(const head_parser& head, std::optional<std::uint64_t> length,
                                                 std::string_view content_type);
  boost::asio::awaitable<void> write_chunk(std::string_view bytes);

  // websocket.cpp
  boost::asio::awaitable<void> serve_websocket(const head_parser& head, std::string session);

  bool keeps_alive(const head_parser& head) const { return head.keep_alive() && !service_.draining; }

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  service& service_;
  boost::asio::steady_timer timer_; ///< what an event stream or a slow answer waits on
  std::function<void()> on_drain_;  ///< how to end what the connection is doing now; empty: let it finish
};

} // namespace limpet::demo
