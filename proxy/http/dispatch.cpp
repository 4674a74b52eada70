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

refusal refusal_of(routing::placement_reason reason, bool is_behind) noexcept {
  if (reason == routing::placement_reason::no_key_refused) return refusal::no_session_key;
  if (reason == routing::placement_reason::member_gone)
    return is_behind ? refusal::member_unknown : refusal::member_gone;
  if (reason == routing::placement_reason::owner_unreachable) return refusal::owner_unreachable;
  return refusal::no_members;
}

} // namespace

bool exchange::skipped(std::uint32_t member) const {
  return !pool().targets[member].shared->reachable(worker_.wheel().now()) ||
         std::find(tried_.begin(), tried_.end(), member) != tried_.end();
}

bool exchange::place() {
  leave_member();
  issued_.reset(); // by an interim answer of the member before
  placed_ = routing::place(
      pool().view, session_, pool().placement, worker_.random.next(),
      [this](std::uint32_t member) { return skipped(member); },
      [this](std::uint32_t member) {
        return pool().targets[member].shared->busy.load(std::memory_order_relaxed);
      });
  if (placed_.member == routing::view::npos) return false;
  join_member();
  return true;
}

net::task<refusal> exchange::dispatch() {
  if (!place()) co_return refusal_of(placed_.reason, is_behind_session());
  if (is_strict()) count_in_flight();
  bool fresh = false;
  for (;;) {
    ++attempts_;
    attempt_began_ = worker_.wheel().now();
    auto result = co_await connect(fresh);
    if (client_gone_) co_return result.why; // while it was dialled
    if (lost_) co_return refusal::member_removed;
    if (result.why == refusal::none) result = co_await send_request();
    if (result.why == refusal::none) result = co_await receive_head();
    const bool is_over = client_gone_ || client_->io().interrupted();
    if (is_over || result.why == refusal::none) co_return result.why;
    if (const auto why = co_await give_up_attempt(result); why != refusal::none) co_return why;
    if (result.retry_same && !fresh && count_again()) {
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

/// One that came to no answer. Returns why there is to be no other, if that is known already.
net::task<refusal> exchange::give_up_attempt(attempt_result result) {
  const bool is_ours = upstream_ && upstream_->io.interrupted();
  if (body_) {
    co_await body_->stop();
    if (body_->error() != refusal::none) {
      report_failure(body_->error());
      co_return body_->error();
    }
  }
  if (lost_) co_return refusal::member_removed;
  if (!is_ours && !result.stale) report_failure(result.why);
  worker_.count(metric::member_failures, target().label, static_cast<std::uint32_t>(result.why));
  upstream_.reset();
  co_return refusal::none;
}

net::task<exchange::attempt_result> exchange::connect(bool fresh) {
  using check = net::upstream_pool::check;
  if (lost_) return attempt_result{refusal::member_removed};
  const auto begin = moment();
  if (!fresh) upstream_ = worker_.upstreams.take(target(), will_send_again() ? check::heard : check::asked);
  record_.reused_connection = upstream_ != nullptr;
  if (!upstream_) return dial();
  record_.connect = moment() - begin;
  return attempt_result{};
}

net::task<exchange::attempt_result> exchange::dial() {
  const auto& to = target();
  const auto& settings = pool().settings;
  const auto begin = net::clock::now();
  const auto most = settings.limits.connections_per_member;
  if (most > 0 && to.shared->busy.load(std::memory_order_relaxed) >= most)
    co_return attempt_result{refusal::upstream_limit};
  if (!to.shared->claim_probe(begin, settings.timeouts.connect))
    co_return attempt_result{refusal::connect_failed, false, true};
  auto dialled = co_await worker_.upstreams.dial(to, settings.timeouts.connect);
  report_connect(dialled.error);
  if (!dialled.connection) {
    const bool late = dialled.error == net::asio::error::timed_out;
    co_return attempt_result{late ? refusal::connect_timeout : refusal::connect_failed, false, true};
  }
  upstream_ = std::move(dialled.connection);
  record_.connect = net::clock::now() - begin;
  co_return attempt_result{};
}

net::task<exchange::attempt_result> exchange::send_request() {
  worker_.count(metric::member_requests, target().label);
  request_sent_ = false;
  out_piece_[0] = {out_.data(), out_.size()};
  std::span<iovec> pieces = body_ ? body_->first_pieces(out_) : std::span<iovec>(out_piece_);
  if (body_ && body_->error() != refusal::none) return attempt_result{body_->error()};

  if (strict_) upstream_->io.guard(&guard_);
  const auto [bytes, error] = upstream_->io.writev(pieces);
  if (error == net::fenced()) return attempt_result{refusal::fenced};
  if (error && !net::is_would_block(error)) {
    // Not a byte was taken: the member cannot have seen the request, whatever its method.
    const bool unsent = upstream_->reused && (!body_ || body_->can_replay());
    return attempt_result{refusal::member_closed_early, unsent, false, upstream_->reused};
  }
  net::consume(pieces, bytes);
  if (!pieces.empty()) return send_rest(pieces);
  return request_sent();
}

net::task<exchange::attempt_result> exchange::send_rest(std::span<iovec> pieces) {
  const auto limit = pool().settings.timeouts.answer;
  if (const auto failed = co_await net::write_all(upstream_->io, pieces, limit))
    co_return answer_failed(failed);
  co_return request_sent();
}

exchange::attempt_result exchange::request_sent() {
  answer_begun_ = false;
  request_sent_ = !body_ || body_->finished();
  if (!request_sent_) {
    body_->start(); // the time for the answer begins at its end
    return {};
  }
  upstream_->io.expires_after(pool().settings.timeouts.answer);
  if (body_) watch_client();
  return {};
}

/// Before anything is sent: that a stale connection will cost no more than another attempt.
bool exchange::will_send_again() const {
  const auto& body = head_.body;
  const bool is_kept = !body.has_body() ||
                       (body.how == framing::kind::length && body.length <= snapshot_->limits.replay_bytes);
  return is_idempotent(head_.known_method) && is_kept;
}

bool exchange::may_send_again() const {
  return is_idempotent(head_.known_method) && (!body_ || body_->can_replay());
}

/// Nothing of an answer came. An idempotent request may go again where the connection may just have been
/// stale.
exchange::attempt_result exchange::answer_failed(net::error_code error) const {
  if (error == net::asio::error::timed_out) return {refusal::answer_timeout};
  if (error == net::fenced()) return {refusal::fenced};
  return {refusal::member_closed_early, upstream_->reused && may_send_again(), false, upstream_->reused};
}

net::task<exchange::attempt_result> exchange::receive_head() {
  const auto begin = moment();
  const auto most = std::min<std::size_t>(pool().settings.limits.header_bytes, net::buffer_pool::block_bytes);
  const h1::head_limits limits{most, most, 4 * snapshot_->limits.header_count};
  h1::head_scanner scanner(limits);
  block_begin_ = block_end_ = 0;
  streams_fast_ = false;
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
    // The one wait that every request has, without a frame of its own.
    net::error_code error;
    if (!upstream_->io.may_read()) error = co_await upstream_->io.readable();
    if (!error) error = co_await read_answer();
    if (error) {
      if (any && error != net::asio::error::timed_out) co_return attempt_result{refusal::member_closed_early};
      co_return answer_failed(error);
    }
    any = true;
  }
  answer_begun_ = true;
  record_.answer = moment() - begin;
  if (answer_.status != 101) co_return attempt_result{};
  // A switch that nobody asked for, to another protocol, or for another handshake.
  const bool right = upgrade_ && answer_.connection.upgrade && iequals(answer_.upgrade, head_.upgrade) &&
                     (!iequals(head_.upgrade, "websocket") || accepts_websocket(head_, answer_));
  co_return attempt_result{right ? refusal::none : refusal::malformed_answer};
}

/// 100 and 103 go to the client as they come (RFC 9110 section 15.2); HTTP/1.0 knows none.
net::task<refusal> exchange::pass_interim() {
  if (head_.minor_version == 0) co_return refusal::none;
  std::string text;
  seal_answer();
  write_interim_head(answer_, text);
  std::array<iovec, 1> pieces{iovec{text.data(), text.size()}};
  if (co_await write_client(pieces)) {
    lose_waiting_client();
    co_return refusal::internal_error;
  }
  co_return refusal::none;
}

/// More bytes of the answer behind those in hand. Errors: the member's end is eof; no room for a head is
/// message_size.
net::task<net::error_code> exchange::read_answer() {
  const auto [bytes, error] = read_answer_part();
  if (!net::is_would_block(error)) return error;
  return more_content();
}

net::task<net::error_code> exchange::more_content() {
  for (;;) {
    if (const auto error = co_await upstream_->io.readable()) co_return error;
    const auto [bytes, error] = read_answer_part();
    if (!net::is_would_block(error)) co_return error;
  }
}

/// A head that a small block does not hold. False where it is as wide as it may be.
bool exchange::widen_block() {
  if (block_.span().size() >= net::buffer_pool::block_bytes) return false;
  auto wider = worker_.blocks.take_whole();
  std::memcpy(wider.span().data(), block_.span().data(), block_end_);
  block_ = std::move(wider);
  return true;
}

/// What has come of the answer, behind what is in hand. Nothing holds a block while nothing has come.
net::io_result exchange::read_answer_part() {
  if (!block_) block_ = worker_.blocks.take(streams_fast_);
  if (block_begin_ > 0) {
    std::memmove(block_.span().data(), block_.span().data() + block_begin_, block_end_ - block_begin_);
    block_end_ -= block_begin_;
    block_begin_ = 0;
  }
  if (block_end_ == block_.span().size() && !widen_block()) return {0, net::asio::error::message_size};
  const auto room = block_.span().subspan(block_end_);
  auto read = upstream_->io.read_some(room);
  block_end_ += read.bytes;
  streams_fast_ = read.bytes >= net::buffer_pool::fast_read_bytes;
  if (!read.error && read.bytes == 0) read.error = net::asio::error::eof;
  if (read.error && block_end_ == 0) block_.reset();
  return read;
}

} // namespace limpet::http
