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
  net::task<> stop();

  /// All of the content was read from the client.
  bool finished() const noexcept { return decoder_.done(); }
  /// All that was read so far can be sent once more.
  bool can_replay() const noexcept { return replayable_; }
  /// Why the content cannot be had; none while all is well.
  refusal error() const noexcept { return error_; }

private:
  net::task<> pump();
  static void on_end(void* self, std::exception_ptr escaped);
  net::task<bool> read_into(net::buffer_pool::block& block, std::span<char>& bytes);
  std::span<char> take(std::span<char> bytes, std::size_t& consumed);
  void fail(refusal why);

  /// The wait for the pump's end.
  struct until_ended {
    request_body& body;
    bool await_ready() const noexcept { return !body.running_; }
    void await_suspend(std::coroutine_handle<> who) const noexcept { body.stopper_ = who; }
    void await_resume() const noexcept {}
  };

  exchange& x_;
  h1::body_decoder decoder_;
  h1::body_encoder encoder_;
  std::string replay_; ///< content that was read so far, where a retry may be
  std::size_t content_bytes_ = 0;
  bool replayable_;
  bool begun_ = false;
  bool running_ = false;
  bool all_sent_ = false;
  unsigned turns_ = 0;        ///< blocks that were passed on
  bool streams_fast_ = false; ///< a block's worth came at once, and the member took it at once
  bool stopping_ = false;
  refusal error_ = refusal::none;
  net::task<> pump_;
  std::coroutine_handle<> stopper_; ///< who waits for the pump's end
};

} // namespace limpet::http
