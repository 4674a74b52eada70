#pragma once

#include "proxy/http/exchange.hpp"

namespace limpet::http {

/// A request's content on its way to the member, while the answer is awaited by the exchange itself. What has
/// come with the head goes out with the head; the rest is pumped, as fast as the slower side takes it, in a
/// coroutine of its own.
class exchange::request_body {
public:
  explicit request_body(exchange& owner);
  request_body(const request_body&) = delete;

  /// Head and content in hand, as pieces for one write. On a retry the content that is kept for it.
  std::span<iovec> first_pieces(std::string_view head);
  /// Pumps what is still to come. Not finished() yet.
  void start();
  /// Ends the pump, wherever it is, and waits for it.
  net::awaitable<> stop();

  /// All of the content was read from the client.
  bool finished() const noexcept { return decoder_.done(); }
  /// All that was read so far can be sent once more.
  bool can_replay() const noexcept { return replayable_; }
  /// Why the content cannot be had; none while all is well.
  refusal error() const noexcept { return error_; }

private:
  net::awaitable<> pump();
  net::awaitable<bool> read_into(net::buffer_pool::block& block, std::span<char>& bytes);
  std::span<char> take(std::span<char> bytes, std::size_t& consumed);
  void fail(refusal why);

  exchange& x_;
  h1::body_decoder decoder_;
  h1::body_encoder encoder_;
  std::string replay_; ///< content that was read so far, where a retry may be
  std::size_t content_bytes_ = 0;
  bool replayable_;
  bool begun_ = false;
  bool running_ = false;
  bool all_sent_ = false;
  bool stopping_ = false;
  refusal error_ = refusal::none;
  net::asio::basic_waitable_timer<net::clock, net::asio::wait_traits<net::clock>, net::executor> ended_;
};

} // namespace limpet::http
