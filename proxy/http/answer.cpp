// The answer on its way to the client.

#include "proxy/http/exchange.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/request_body.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <ctime>

namespace limpet::http {

namespace {

/// How long a token of a cookie without Max-Age is good for.
constexpr std::chrono::seconds session_cookie_life{30 * 24 * 3600};

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

/// Over TLS, as far as a trusted proxy before us says.
bool exchange::client_is_secure() const {
  return peer_trusted_ && std::any_of(head_.fields.begin(), head_.fields.end(), [](const header_field& f) {
           return iequals(f.name, "X-Forwarded-Proto") && iequals(f.value, "https");
         });
}

void exchange::drain(net::milliseconds spread) noexcept {
  if (!endless_) return;
  const auto steps =
      static_cast<std::uint64_t>(std::max<std::int64_t>(spread / net::deadline_wheel::tick, 1));
  end_.arm(worker_.wheel, net::deadline_wheel::tick * static_cast<int>(1 + worker_.random.next() % steps),
           &on_end_due, this);
}

void exchange::on_end_due(void* self) noexcept {
  auto& x = *static_cast<exchange*>(self);
  x.end_due_ = true;
  if (x.events_.between_events() && x.upstream_) x.upstream_->io.interrupt(net::asio::error::shut_down);
}

net::awaitable<exchange::end> exchange::relay_answer() {
  answer_facts facts;
  const auto shown = plan_answer();
  // Answered before all was read: what is still to come would be taken for the next request.
  client_keeps_ = client_keeps_ && keep_client() && (!body_ || body_->finished());
  facts.client_is_http10 = head_.minor_version == 0;
  facts.keep_alive = client_keeps_;
  facts.date = worker_.date();
  if (prepare_cookie()) facts.set_cookie = cookie_;
  write_response_head(answer_, facts, shown, answer_head_);
  record_.status = answer_.status;
  // With a length told, an early end would pass for an accident.
  endless_ =
      answer_.is_event_stream() && answer_.body.how != framing::kind::length && !answer_decoder_.done();
  end_due_ = endless_ && worker_.draining();
  events_ = {};

  const auto why = co_await relay_content();
  const bool content_unread = body_ && !body_->finished();
  if (body_) co_await body_->stop();
  if (why != refusal::none) {
    record_.why = client_gone_ ? "client_gone" : facts_of(why).name;
    worker_.count(client_gone_ ? metric::client_aborts : metric::answers_cut,
                  client_gone_ ? 1 : route_->number);
    // An orderly end would pass for the end of the content where that is all that ends it.
    if (!client_gone_ && shown.how == framing::kind::none) client_->io().abort();
    co_return end::close;
  }
  const bool ended_early = endless_ && !answer_decoder_.done();
  if (ended_early) record_.why = "drain";
  // Its end is known, is where we are, and nothing came behind it that nobody asked for.
  const bool framed =
      answer_.body.how != framing::kind::until_close || has_no_content(head_.known_method, answer_.status);
  const bool clean = framed && !ended_early && block_begin_ == block_end_ && !content_unread;
  block_.reset();
  if (clean && answer_.allows_reuse() && !worker_.draining())
    worker_.upstreams.give_back(std::move(upstream_), pool().settings.timeouts.upstream_idle,
                                pool().settings.limits.idle_per_member);
  if (client_keeps_) co_return end::keep_open;
  co_return content_unread || !in_.empty() || !carry_.empty() ? end::linger : end::close;
}

net::awaitable<refusal> exchange::relay_content() {
  const auto limit = answer_.is_event_stream() ? net::milliseconds(0) : pool().settings.timeouts.body;
  std::string_view head = answer_head_;
  for (;;) {
    std::span<char> bytes;
    if (block_)
      bytes = {reinterpret_cast<char*>(block_.span().data()) + block_begin_, block_end_ - block_begin_};
    const auto part = answer_decoder_.decode(bytes);
    if (part.malformed) co_return refusal::malformed_answer;
    block_begin_ += part.consumed;
    if (endless_) events_.feed({part.data.data(), part.data.size()});
    const bool last = answer_decoder_.done() || (end_due_ && events_.between_events());
    if (!head.empty() || !part.data.empty() || last) {
      const auto pieces = answer_encoder_.encode(head, part.data, last, answer_decoder_.trailers());
      if (co_await write_client(pieces)) {
        client_gone_ = true;
        co_return refusal::member_closed_early;
      }
      head = {};
    }
    if (last) co_return refusal::none;
    if (block_begin_ == block_end_) block_begin_ = block_end_ = 0;
    upstream_->io.expires_after(limit);
    if (const auto error = co_await read_answer()) {
      if (client_gone_) co_return refusal::member_closed_early;
      if (end_due_ && error == net::asio::error::shut_down) {
        upstream_->io.resume(); // if there is half an event in hand after all, its rest is waited for
        continue;
      }
      if (error == net::asio::error::timed_out) co_return refusal::answer_timeout;
      if (error != net::asio::error::eof || !answer_decoder_.end_of_input())
        co_return refusal::member_closed_early;
    }
  }
}

net::awaitable<net::error_code> exchange::write_client(std::span<iovec> pieces) {
  std::size_t bytes = 0;
  for (const auto& piece : pieces)
    bytes += piece.iov_len;
  worker_.count(metric::client_bytes, 1, 0, bytes);
  record_.sent_bytes += bytes;
  return net::write_all(client_->io(), pieces, snapshot_->timeouts.body);
}

} // namespace limpet::http
