// The answer on its way to the client.

#include "proxy/http/exchange.hpp"
#include "proxy/http/field_name.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/request_body.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <ctime>

namespace limpet::http {

namespace {

/// How long a token of a cookie without Max-Age is good for.
constexpr std::chrono::seconds session_cookie_life{30 * 24 * 3600};

/// Answers of up to this many bytes go out in one piece.
constexpr std::size_t joined_max = 2'048;

bool has_no_content(method asked, unsigned status) noexcept {
  return asked == method::head || status < 200 || status == 204 || status == 304;
}

} // namespace

/// Sets up how the content comes in and goes out. Returns what the head says of it.
framing exchange::plan_answer() {
  using kind = framing::kind;
  const bool http10 = head_.minor_version == 0;
  if (has_no_content(head_.known_method, answer_.status)) {
    answer_decoder_ = h1::body_decoder(framing{});
    answer_encoder_ = h1::body_encoder(false);
    // The fields tell of the content that a GET would have had.
    const bool tells = answer_.status != 204 && (answer_.body.how == kind::length || !http10);
    return tells && answer_.body.how != kind::until_close ? answer_.body : framing{};
  }
  answer_decoder_ = h1::body_decoder(answer_.body);
  const bool sized = answer_.body.how == kind::length;
  answer_encoder_ = h1::body_encoder(!sized && !http10);
  if (sized) return answer_.body;
  if (http10) client_keeps_ = false;
  return {http10 ? kind::none : kind::chunked, 0};
}

/// The cookie that goes with the answer, where one is due.
bool exchange::prepare_cookie() {
  const auto& session = pool().settings.session;
  if (!session.issued || !snapshot_->keys) return false;
  const auto life = session.issued->max_age.count() > 0 ? session.issued->max_age : session_cookie_life;
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  // A cookie in use does not run out: past half its life it is issued again.
  const bool ages = session_.from == routing::placement_key::origin::token &&
                    key_.token.expires_unix_s - now < life.count() / 2;
  if (!placed_.issue && !ages) return false;

  const auto token =
      routing::token_for(placed_, pool().view, pool().placement, key_.token.session_id, now + life.count());
  cookie_ = routing::format_set_cookie(pool().cookie, routing::encode_token(token, *snapshot_->keys),
                                       client_is_secure());
  return true;
}

/// Puts what the member issues into envelopes that name it. Where the request brought no session, one begins
/// here.
void exchange::seal_answer() {
  if (pool().envelopes.empty() || !snapshot_->keys) return;
  const auto& member = pool().view.hashes(placed_.member);
  const routing::seal_facts facts{{member.id, member.incarnation, pool().view.epoch()},
                                  pool().settings.session.key_bytes_max,
                                  static_cast<std::int64_t>(std::time(nullptr))};
  const remembering_keys keys(*snapshot_->keys, snapshot_->number, client_->memo_of_macs());
  const auto counts =
      routing::seal_envelopes(pool().envelopes, answer_.fields, facts, keys, sealed_, opened_.scratch);
  const auto count = [this](envelope_outcome what, unsigned n) {
    if (n > 0) worker_.count(metric::envelopes, pool().number, static_cast<std::uint32_t>(what), n);
  };
  count(envelope_outcome::sealed, counts.sealed);
  count(envelope_outcome::too_long, counts.too_long);
  count(envelope_outcome::unfit, counts.unfit);
  adopt_issued(counts);
  if (counts.sealed > 0 && placed_.sticky == routing::sticky_outcome::none)
    placed_.sticky = routing::sticky_outcome::new_;
}

/// What passes of the trailers of a request or an answer: all but an envelope's header. Nobody may take it
/// for one of the head (RFC 9110 section 6.5.1), so it issues and names no session, and bare it would only
/// lead clients astray. Cookies are never trailers.
std::string_view exchange::trailers_of(h1::body_decoder& content) const {
  if (!content.trailers().empty())
    for (const auto& envelope : pool().envelopes)
      if (envelope.what == routing::envelope_field::kind::header) content.drop_trailers(envelope.name);
  return content.trailers();
}

/// Over TLS, as far as a trusted proxy before us says.
bool exchange::client_is_secure() const {
  return peer_trusted_ && std::any_of(head_.fields.begin(), head_.fields.end(), [](const header_field& f) {
           return name_of(f) == field_name::x_forwarded_proto && iequals(f.value, "https");
         });
}

void exchange::drain(net::milliseconds spread) noexcept {
  if (!endless_) return;
  const auto steps =
      static_cast<std::uint64_t>(std::max<std::int64_t>(spread / net::deadline_wheel::tick, 1));
  end_.arm(worker_.wheel(), net::deadline_wheel::tick * static_cast<int>(1 + worker_.random.next() % steps),
           &on_end_due, this);
}

void exchange::on_end_due(void* self) noexcept {
  auto& x = *static_cast<exchange*>(self);
  x.end_due_ = true;
  if (x.events_.between_events() && x.upstream_) x.upstream_->io.interrupt(net::asio::error::shut_down);
}

/// Writes the answer's head, to go out with the first of its content. Returns what it says of that.
framing exchange::begin_answer() {
  answer_facts facts;
  const auto shown = plan_answer();
  // Answered before all was read: what is still to come would be taken for the next request.
  client_keeps_ = client_keeps_ && keep_client() && (!body_ || body_->finished());
  facts.client_is_http10 = head_.minor_version == 0;
  facts.keep_alive = client_keeps_;
  facts.date = worker_.date();
  if (prepare_cookie()) facts.set_cookie = cookie_;
  seal_answer();
  write_response_head(answer_, facts, shown, answer_head_);
  record_.status = answer_.status;
  // With a length told, an early end would pass for an accident.
  endless_ =
      answer_.is_event_stream() && answer_.body.how != framing::kind::length && !answer_decoder_.done();
  end_due_ = endless_ && (worker_.draining() || parting_);
  events_ = {};
  if (endless_) {
    upstream_->io.keep_alive();
    upstream_->stays_busy();
    worker_.streams.becomes_event_stream(*this, snapshot_->number, is_away());
  }
  return shown;
}

void exchange::lose_client(const net::error_code& why) noexcept {
  client_gone_ = true;
  client_late_ = why == net::asio::error::timed_out;
}

/// In the middle of its answer. What it did not take in time is not kept for it in the kernel either.
void exchange::tell_of_lost_client() {
  record_.why = client_late_ ? "client_timeout" : "client_gone";
  if (!client_late_) return worker_.count(metric::client_aborts, 1);
  worker_.count(metric::client_timeouts, static_cast<std::uint32_t>(client_timeout::unread));
  client_->io().abort();
}

/// `cut` is why the content did not come or go to its end.
exchange::end exchange::end_answer(refusal cut, const framing& shown, bool content_unread) {
  if (cut != refusal::none) {
    if (lost_) {
      record_.why = name_of(*parting_);
      worker_.count(metric::answers_cut, route_->number);
      client_->io().abort();
      return end::close;
    }
    if (client_gone_) {
      tell_of_lost_client();
      return end::close;
    }
    record_.why = facts_of(cut).name;
    worker_.count(metric::answers_cut, route_->number);
    // An orderly end would pass for the end of the content where that is all that ends it.
    if (shown.how == framing::kind::none) client_->io().abort();
    return end::close;
  }
  const bool ended_early = endless_ && !answer_decoder_.done();
  if (ended_early) record_.why = parting_ ? name_of(*parting_) : "drain";
  // Its end is known, is where we are, and nothing came behind it that nobody asked for; and the member does
  // not wait for the rest of the request, for which it would take the next one.
  const bool framed =
      answer_.body.how != framing::kind::until_close || has_no_content(head_.known_method, answer_.status);
  const bool clean = framed && request_sent_ && !ended_early && block_begin_ == block_end_ && !content_unread;
  block_.reset();
  if (clean && answer_.allows_reuse() && !worker_.draining()) {
    upstream_->io.guard(nullptr);
    worker_.upstreams.give_back(std::move(upstream_), pool().settings.timeouts.upstream_idle,
                                pool().settings.limits.idle_per_member);
  }
  if (client_keeps_) return end::keep_open;
  const bool sent_more = content_unread || !in_.empty() || !carry_.empty() || client_->io().may_read();
  return sent_more ? end::linger : end::close;
}

/// Frames what has come of the content, behind `head`. No pieces: there is nothing to write yet.
exchange::content_part exchange::take_content(std::string_view head) {
  std::span<char> bytes;
  if (block_)
    bytes = {reinterpret_cast<char*>(block_.span().data()) + block_begin_, block_end_ - block_begin_};
  const auto part = answer_decoder_.decode(bytes);
  if (part.malformed) return {.malformed = true, .pieces = {}};
  block_begin_ += part.consumed;
  if (endless_) events_.feed({part.data.data(), part.data.size()});
  const bool last = answer_decoder_.done() || (end_due_ && events_.between_events());
  if (head.empty() && part.data.empty() && !last) return {};
  return {false, last, answer_encoder_.encode(head, part.data, last, trailers_of(answer_decoder_))};
}

/// Head and content. Where all of it has come with the head, and the client takes it at once, it costs no
/// wait and no frame.
net::task<refusal> exchange::relay_content() {
  const auto part = take_content(answer_head_);
  if (part.malformed) return refusal::malformed_answer;
  auto written = write_client(part.pieces);
  if (!part.last || !written.await_ready()) return relay_rest(part.last, std::move(written));
  const auto error = written.await_resume();
  if (!error) return refusal::none;
  lose_client(error);
  return refusal::member_closed_early;
}

net::task<refusal> exchange::relay_rest(bool last, net::task<net::error_code> first_write) {
  const auto limit = answer_.is_event_stream() ? net::milliseconds(0) : pool().settings.timeouts.body;
  auto written = std::move(first_write);
  for (unsigned turns = 1;; ++turns) {
    // Whoever is slow to read holds an ordinary block, not a large one.
    if (!written.await_ready()) streams_fast_ = false;
    if (const auto error = co_await written) {
      lose_client(error);
      co_return refusal::member_closed_early;
    }
    if (last) co_return refusal::none;
    if (block_begin_ == block_end_) {
      block_.reset();
      block_begin_ = block_end_ = 0;
    }
    upstream_->io.expires_after(limit);
    net::error_code error;
    if (turns % relay_turns_max == 0) error = co_await upstream_->io.pause();
    if (!error) error = co_await read_answer();
    if (error) {
      if (client_gone_) co_return refusal::member_closed_early;
      if (end_due_ && error == net::asio::error::shut_down)
        upstream_->io.resume(error); // if there is half an event in hand after all, its rest is waited for
      else if (error == net::asio::error::timed_out)
        co_return refusal::answer_timeout;
      else if (error != net::asio::error::eof || !answer_decoder_.end_of_input())
        co_return refusal::member_closed_early;
    }
    const auto part = take_content({});
    if (part.malformed) co_return refusal::malformed_answer;
    last = part.last;
    written = write_client(part.pieces);
  }
}

net::task<net::error_code> exchange::write_client(std::span<iovec> pieces) {
  if (pieces.empty()) return net::error_code{};
  std::size_t bytes = 0;
  for (const auto& piece : pieces)
    bytes += piece.iov_len;
  worker_.count(metric::client_bytes, 1, 0, bytes);
  record_.sent_bytes += bytes;
  return net::write_all(client_->io(), bytes <= joined_max ? joined(pieces) : pieces,
                        snapshot_->timeouts.body);
}

/// One short piece is written in less time than several are gathered.
std::span<iovec> exchange::joined(std::span<iovec> pieces) {
  if (pieces.size() < 2) return pieces;
  const auto view = [](const iovec& p) {
    return std::string_view(static_cast<char*>(p.iov_base), p.iov_len);
  };
  const bool begins_with_head = pieces[0].iov_base == answer_head_.data();
  if (!begins_with_head) answer_head_.clear();
  for (const auto& piece : begins_with_head ? pieces.subspan(1) : pieces)
    answer_head_.append(view(piece));
  answer_piece_[0] = {answer_head_.data(), answer_head_.size()};
  return answer_piece_;
}

} // namespace limpet::http
