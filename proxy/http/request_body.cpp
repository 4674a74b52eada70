#include "proxy/http/request_body.hpp"

#include <boost/asio/error.hpp>
#include <spdlog/spdlog.h>

namespace limpet::http {

exchange::request_body::request_body(exchange& owner)
    : x_(owner), decoder_(owner.head_.body), encoder_(owner.head_.body.how == framing::kind::chunked),
      replayable_(is_idempotent(owner.head_.known_method)) {}

/// Decodes, within the limits, and keeps what a retry would need. Empty with error() set where it may not go
/// on.
std::span<char> exchange::request_body::take(std::span<char> bytes, std::size_t& consumed) {
  const auto part = decoder_.decode(bytes);
  consumed = part.consumed;
  x_.record_.received_bytes += part.consumed;
  content_bytes_ += part.data.size();
  const auto& limits = x_.snapshot_->limits;
  if (part.malformed) {
    error_ = refusal::malformed_body;
    return {};
  }
  if (limits.body_bytes > 0 && content_bytes_ > limits.body_bytes) {
    error_ = refusal::body_too_large;
    return {};
  }
  if (replayable_ && content_bytes_ <= limits.replay_bytes) {
    replay_.append(part.data.data(), part.data.size());
  } else if (content_bytes_ > 0) {
    replayable_ = false;
    std::string().swap(replay_); // to assign {} would keep its room
  }
  return part.data;
}

std::span<iovec> exchange::request_body::first_pieces(std::string_view head) {
  std::span<char> data;
  if (!std::exchange(begun_, true)) {
    std::size_t consumed = 0;
    data = take(x_.in_.span(), consumed);
    x_.in_.consume(consumed);
  } else {
    data = {replay_.data(), replay_.size()};
  }
  if (error_ != refusal::none) return {};
  return encoder_.encode(head, data, decoder_.done(), x_.trailers_of(decoder_));
}

void exchange::request_body::start() {
  running_ = true;
  stopping_ = all_sent_ = false;
  pump_ = pump();
  pump_.start(&on_end, this);
}

void exchange::request_body::on_end(void* self, std::exception_ptr escaped) {
  auto& body = *static_cast<request_body*>(self);
  body.running_ = false;
  if (escaped) {
    body.fail(refusal::internal_error);
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& e) {
      spdlog::error("a request's content ended by an internal error: {}", e.what());
    }
  }
  if (const auto stopper = std::exchange(body.stopper_, {})) stopper.resume(); // may destroy all this
}

net::task<> exchange::request_body::stop() {
  if (!running_) co_return;
  stopping_ = true;
  if (!all_sent_) {
    x_.client_->io().interrupt(net::asio::error::operation_aborted);
    if (x_.upstream_) x_.upstream_->io.interrupt(net::asio::error::operation_aborted);
  }
  const until_ended ended{*this};
  co_await ended;
  if (!all_sent_) x_.client_->io().resume(net::asio::error::operation_aborted);
}

/// The exchange waits for the answer's head on the same connection: it learns of it there.
void exchange::request_body::fail(refusal why) {
  if (stopping_) return;
  error_ = why;
  if (x_.upstream_) x_.upstream_->io.interrupt(net::asio::error::operation_aborted);
}

/// False where there is nothing more to be read; then fail() was told why.
net::task<bool> exchange::request_body::read_into(net::buffer_pool::block& block, std::span<char>& bytes) {
  auto& client = x_.client_->io();
  if (++turns_ % relay_turns_max == 0 && co_await client.pause()) co_return false;
  for (;;) {
    if (!block) block = x_.worker_.blocks.take(streams_fast_);
    const auto room = block.span();
    const auto [count, error] = client.read_some(room.first(decoder_.read_at_most(room.size())));
    if (count > 0) {
      x_.worker_.count(metric::client_bytes, 0, 0, count);
      streams_fast_ = count >= net::buffer_pool::fast_read_bytes;
      bytes = {reinterpret_cast<char*>(room.data()), count};
      co_return true;
    }
    if (!net::is_would_block(error)) {
      x_.lose_waiting_client();
      fail(refusal::malformed_body);
      co_return false;
    }
    block.reset();
    client.expires_after(x_.snapshot_->timeouts.body);
    const auto ended = co_await client.readable();
    client.clear_deadline();
    if (ended == net::asio::error::timed_out) fail(refusal::body_timeout);
    if (ended) co_return false;
  }
}

net::task<> exchange::request_body::pump() {
  net::buffer_pool::block block;
  std::span<char> bytes;
  auto& member = x_.upstream_->io;
  const auto answer_limit = x_.pool().settings.timeouts.answer;
  while (!decoder_.done()) {
    if (!co_await read_into(block, bytes)) co_return;
    std::size_t consumed = 0;
    const auto data = take(bytes, consumed);
    if (error_ != refusal::none) {
      fail(error_);
      co_return;
    }
    x_.carry_.append(bytes.data() + consumed, bytes.size() - consumed);
    const auto pieces = encoder_.encode({}, data, decoder_.done(), x_.trailers_of(decoder_));
    auto written = net::write_all(member, pieces, answer_limit);
    // A member that is slow to read holds an ordinary block, not a large one.
    if (!written.await_ready()) streams_fast_ = false;
    const auto error = co_await written;
    block.reset();
    if (error) {
      if (error == net::fenced() && !x_.answer_begun_) fail(refusal::fenced);
      // The member may well answer before it has read all; what it says then counts, so a failed write is not
      // the end. One that neither reads nor answers is.
      if (error == net::asio::error::timed_out && !x_.answer_begun_) fail(refusal::answer_timeout);
      if (!x_.answer_begun_) member.expires_after(answer_limit);
      co_return;
    }
  }
  all_sent_ = x_.request_sent_ = true;
  // An answer that has begun already has a limit of its own.
  if (!x_.answer_begun_) member.expires_after(answer_limit);
  x_.watch_client();
}

} // namespace limpet::http
