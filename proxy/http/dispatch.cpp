// Attempts: which member, over which connection, and the head of its answer.

#include "proxy/http/exchange.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/h1/head_parser.hpp"
#include "proxy/http/request_body.hpp"
#include "proxy/http/websocket_handshake.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstring>

namespace limpet::http {

namespace {

/// Members that are tried for one request. A refused connect costs next to nothing, one that times out all of
/// its time: what is left of the ranking is tried for as long as a few of those take.
constexpr unsigned attempts_max = 64;
constexpr int connect_timeouts_max = 4;
constexpr unsigned interim_answers_max = 16;

/// Whether a failed connect says something of the member, and not of us (out of ports, out of descriptors).
bool is_members_fault(const net::error_code& error) noexcept {
  namespace errc = boost::system::errc;
  return error == net::asio::error::timed_out || error == net::asio::error::host_not_found ||
         error == errc::connection_refused || error == errc::connection_reset ||
         error == errc::host_unreachable || error == errc::network_unreachable || error == errc::timed_out ||
         error == errc::no_such_file_or_directory;
}

refusal refusal_of(routing::placement_reason reason, bool tried_any) noexcept {
  if (reason == routing::placement_reason::no_key_refused) return refusal::no_session_key;
  if (reason == routing::placement_reason::owner_unreachable || tried_any) return refusal::owner_unreachable;
  return refusal::no_members;
}

} // namespace

bool exchange::skipped(std::uint32_t member) const {
  return !pool().targets[member].shared->reachable(net::clock::now()) ||
         std::find(tried_.begin(), tried_.end(), member) != tried_.end();
}

bool exchange::place() {
  placed_ = routing::place(pool().view, session_, pool().placement, worker_.random.next(),
                           [this](std::uint32_t member) { return skipped(member); });
  return placed_.member != routing::view::npos;
}

net::awaitable<refusal> exchange::dispatch() {
  if (!place()) co_return refusal_of(placed_.reason, false);
  bool fresh = false;
  for (;;) {
    ++attempts_;
    const auto result = co_await attempt(fresh);
    if (client_gone_ || result.why == refusal::none) co_return result.why;
    if (body_) {
      co_await body_->stop();
      if (body_->error() != refusal::none) co_return body_->error();
    }
    worker_.count(metric::member_failures, target().label, static_cast<std::uint32_t>(result.why));
    upstream_.reset();
    if (result.retry_same && !fresh) {
      fresh = true;
      worker_.count(metric::retries, pool().number, 0);
      continue;
    }
    const bool next = pool().placement.on_unreachable == routing::fail_over::next;
    const bool late = net::clock::now() - began_ > connect_timeouts_max * pool().settings.timeouts.connect;
    if (!result.retry_next || !next || attempts_ >= attempts_max || late) co_return result.why;
    tried_.push_back(placed_.member);
    if (!place()) co_return result.why;
    fresh = false;
    worker_.count(metric::retries, pool().number, 1);
  }
}

net::awaitable<exchange::attempt_result> exchange::attempt(bool fresh) {
  if (const auto connected = co_await connect(fresh); connected.why != refusal::none) co_return connected;
  worker_.count(metric::member_requests, target().label);
  if (const auto sent = co_await send_request(); sent.why != refusal::none) co_return sent;
  co_return co_await receive_head();
}

net::awaitable<exchange::attempt_result> exchange::connect(bool fresh) {
  const auto& to = target();
  const auto& settings = pool().settings;
  const auto begin = net::clock::now();
  if (!fresh) upstream_ = worker_.upstreams.take(to);
  record_.reused_connection = upstream_ != nullptr;
  if (!upstream_) {
    const auto most = settings.limits.connections_per_member;
    if (most > 0 && to.shared->busy.load(std::memory_order_relaxed) >= most)
      co_return attempt_result{refusal::upstream_limit};
    if (!to.shared->claim_probe(begin, settings.timeouts.connect))
      co_return attempt_result{refusal::connect_failed, false, true};
    auto dialled = co_await worker_.upstreams.dial(to, settings.timeouts.connect);
    if (!dialled.connection) {
      if (is_members_fault(dialled.error)) to.shared->failed(net::clock::now());
      const bool late = dialled.error == net::asio::error::timed_out;
      co_return attempt_result{late ? refusal::connect_timeout : refusal::connect_failed, false, true};
    }
    to.shared->connected();
    upstream_ = std::move(dialled.connection);
  }
  record_.connect = net::clock::now() - begin;
  co_return attempt_result{};
}

net::awaitable<exchange::attempt_result> exchange::send_request() {
  std::array<iovec, 1> head_only{iovec{out_.data(), out_.size()}};
  std::span<iovec> pieces = body_ ? body_->first_pieces(out_) : std::span<iovec>(head_only);
  if (body_ && body_->error() != refusal::none) co_return attempt_result{body_->error()};

  const auto [bytes, error] = upstream_->io.writev(pieces);
  if (error && !net::is_would_block(error)) {
    // Not a byte was taken: the member cannot have seen the request, whatever its method.
    const bool unsent = upstream_->reused && (!body_ || body_->can_replay());
    co_return attempt_result{refusal::member_closed_early, unsent};
  }
  net::consume(pieces, bytes);
  const auto limit = pool().settings.timeouts.answer;
  if (const auto failed = co_await net::write_all(upstream_->io, pieces, limit))
    co_return answer_failed(failed);
  answer_begun_ = false;
  if (body_ && !body_->finished())
    body_->start(); // the time for the answer begins at its end
  else
    upstream_->io.expires_after(limit);
  co_return attempt_result{};
}

/// Nothing of an answer came. An idempotent request may go again where the connection may just have been
/// stale.
exchange::attempt_result exchange::answer_failed(net::error_code error) const {
  if (error == net::asio::error::timed_out) return {refusal::answer_timeout};
  const bool replays = !body_ || body_->can_replay();
  return {refusal::member_closed_early, upstream_->reused && replays && is_idempotent(head_.known_method)};
}

net::awaitable<exchange::attempt_result> exchange::receive_head() {
  const auto begin = net::clock::now();
  const auto most = std::min<std::size_t>(pool().settings.limits.header_bytes, net::buffer_pool::block_bytes);
  const h1::head_limits limits{most, most, 4 * snapshot_->limits.header_count};
  h1::head_scanner scanner(limits);
  block_begin_ = block_end_ = 0;
  bool any = false;
  for (unsigned interims = 0;;) {
    const std::string_view bytes(reinterpret_cast<const char*>(block_ ? block_.span().data() : nullptr) +
                                     block_begin_,
                                 block_end_ - block_begin_);
    const auto status = bytes.empty() ? h1::head_scanner::status::incomplete : scanner.scan(bytes);
    if (status == h1::head_scanner::status::complete) {
      if (!h1::parse_response_head(bytes.substr(0, scanner.size()), answer_))
        co_return attempt_result{refusal::malformed_answer};
      block_begin_ += scanner.size();
      if (answer_.status >= 200 || answer_.status == 101) break;
      if (++interims > interim_answers_max) co_return attempt_result{refusal::malformed_answer};
      if (const auto why = co_await pass_interim(); why != refusal::none) co_return attempt_result{why};
      scanner = h1::head_scanner(limits);
      continue;
    }
    if (status != h1::head_scanner::status::incomplete) co_return attempt_result{refusal::malformed_answer};
    if (const auto error = co_await read_answer()) {
      if (any && error != net::asio::error::timed_out) co_return attempt_result{refusal::member_closed_early};
      co_return answer_failed(error);
    }
    any = true;
  }
  answer_begun_ = true;
  record_.answer = net::clock::now() - begin;
  if (answer_.status != 101) co_return attempt_result{};
  // A switch that nobody asked for, to another protocol, or for another handshake.
  const bool right = upgrade_ && answer_.connection.upgrade && iequals(answer_.upgrade, head_.upgrade) &&
                     (!iequals(head_.upgrade, "websocket") || accepts_websocket(head_, answer_));
  co_return attempt_result{right ? refusal::none : refusal::malformed_answer};
}

/// 100 and 103 go to the client as they come (RFC 9110 section 15.2); HTTP/1.0 knows none.
net::awaitable<refusal> exchange::pass_interim() {
  if (head_.minor_version == 0) co_return refusal::none;
  std::string text;
  write_interim_head(answer_, text);
  std::array<iovec, 1> pieces{iovec{text.data(), text.size()}};
  if (co_await write_client(pieces)) {
    client_gone_ = true;
    co_return refusal::internal_error;
  }
  co_return refusal::none;
}

/// More bytes of the answer behind those in hand. Errors: the member's end is eof; no room for a head is
/// message_size.
net::awaitable<net::error_code> exchange::read_answer() {
  auto& member = upstream_->io;
  for (;;) {
    if (!block_) {
      if (const auto error = co_await member.readable()) co_return error;
      block_ = worker_.buffers.take();
    }
    if (block_begin_ > 0) {
      std::memmove(block_.span().data(), block_.span().data() + block_begin_, block_end_ - block_begin_);
      block_end_ -= block_begin_;
      block_begin_ = 0;
    }
    const auto room = block_.span().subspan(block_end_);
    if (room.empty()) co_return net::asio::error::message_size;
    const auto [bytes, error] = member.read_some(room);
    if (net::is_would_block(error)) {
      if (block_end_ == 0) {
        block_.reset();
      } else if (const auto waited = co_await member.readable()) {
        co_return waited;
      }
      continue;
    }
    if (error) co_return error;
    if (bytes == 0) co_return net::asio::error::eof;
    block_end_ += bytes;
    co_return net::error_code{};
  }
}

} // namespace limpet::http
