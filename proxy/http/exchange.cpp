#include "proxy/http/exchange.hpp"

#include "proxy/http/forwarding.hpp"
#include "proxy/http/refusal_page.hpp"
#include "proxy/http/request_body.hpp"
#include "proxy/http/tunnel.hpp"

#include <boost/asio/error.hpp>

#include <cstddef>

namespace limpet::http {

namespace {

/// Requests in a pipeline that are served before the other connections get their turn.
constexpr unsigned pipelined_max = 16;

/// In metrics and logs: the client left before its answer. Never sent; nginx's number, which operators know.
constexpr unsigned client_gone_status = 499;

/// What an ordinary request takes of one text or list at most.
constexpr std::size_t ordinary_bytes = 16 * 1024;

/// Only by a swap: a container that is assigned {} is empty, and keeps its room.
template <class Container>
[[gnu::noinline]] void give_room_back(Container& used) noexcept {
  Container().swap(used);
}

template <class Container>
void trim(Container& used) noexcept {
  if (used.capacity() * sizeof(used[0]) > ordinary_bytes) [[unlikely]]
    give_room_back(used);
}

} // namespace

exchange::exchange(worker_state& worker) : worker_(worker) {}
exchange::~exchange() = default;

net::task<exchange::end> exchange::serve(client_connection& connection) {
  client_ = &connection;
  for (unsigned served = 1;; ++served) {
    begin_request();
    auto ended = co_await read_head();
    if (!ended) ended = co_await serve_one();
    if (body_) co_await body_->stop();
    const bool idle = record_.status == 0 && record_.why.empty(); // nothing came, so there is nothing to tell
    if (!idle) finish_request();
    if (*ended != end::keep_open) co_return *ended;
    if (idle) co_return end::nothing;
    if (in_.empty()) co_return end::keep_open;
    // A client that sends requests without end has its turn among the others.
    if (served % pipelined_max == 0 && co_await client_->io().pause()) co_return end::close;
  }
}

void exchange::cut() noexcept {
  if (waiting_for_members_) waiting_for_members_->end();
  if (upstream_) upstream_->io.interrupt(net::asio::error::operation_aborted);
}

/// The phases of a request are told to the access log alone: the clock is not read for nobody.
net::clock::time_point exchange::moment() const {
  return worker_.records ? net::clock::now() : worker_.wheel().now();
}

void exchange::begin_request() {
  snapshot_ = worker_.current();
  record_ = {};
  began_ = moment();
  if (worker_.records) began_at_ = std::chrono::system_clock::now();
  client_keeps_ = true;
  client_gone_ = client_late_ = false;
  parting_.reset();
  lost_ = false;
  head_size_ = 0;
  head_.clear();
  target_ = {};
  host_ = {};
  peer_text_.clear();
  route_ = nullptr;
  placed_ = {};
  tried_.clear();
  attempts_ = 0;
  upgrade_ = false;
  session_ = {};
  key_ = {};
  request_id_.clear();
  out_.clear();
  answer_head_.clear();
  cookie_.clear();
}

net::task<exchange::end> exchange::serve_one() {
  body_ = nullptr;
  client_keeps_ = head_.wants_keep_alive();
  auto why = resolve();
  if (why == refusal::none && is_behind_session()) {
    why = co_await catch_up();
    if (client_gone_) co_return client_left();
  }
  if (why == refusal::none && pool().strict) {
    const auto at_once = look_for_admission(); // hardly any is parked: the others cost no frame
    why = at_once ? *at_once : co_await wait_for_admission();
    if (client_gone_) co_return client_left();
  }
  if (why != refusal::none) {
    in_.consume(head_size_);
    co_return co_await refuse(why);
  }
  if (head_.body.has_body()) body_ = std::make_unique<request_body>(*this);
  in_.consume(head_size_);
  if (!body_) watch_client();
  why = co_await dispatch();
  if (client_gone_) {
    if (why == refusal::none && reads_on()) {
      plan_answer();
      co_await drop_answer();
    }
    co_return client_left();
  }
  if (why != refusal::none) co_return co_await refuse(why);
  if (answer_.status == 101) {
    report_answer(refusal::none);
    co_return co_await open_tunnel();
  }

  report_status();
  const auto shown = begin_answer();
  const auto sent_before = record_.sent_bytes;
  const auto cut = co_await relay_content();
  report_answer(cut);
  if (client_gone_) co_await drop_answer();
  if (cut == refusal::malformed_answer && record_.sent_bytes == sent_before) { // nothing of it has gone out
    answer_head_.clear();
    co_return co_await refuse(cut);
  }
  const bool content_unread = body_ && !body_->finished();
  if (body_) co_await body_->stop();
  co_return end_answer(cut, shown, content_unread);
}

/// Seen while its member is waited for. Where some of the answer has gone out, the end of that counts it.
void exchange::lose_waiting_client() noexcept {
  client_gone_ = true;
  if (record_.status == 0) worker_.count(metric::client_aborts);
}

exchange::end exchange::client_left() {
  record_.status = client_gone_status;
  record_.why = "client_gone";
  return end::close;
}

/// Answers in the member's stead. The connection stays where the request's content, if it has any, was read
/// to its end.
net::task<exchange::end> exchange::refuse(refusal why) {
  const auto& facts = facts_of(why);
  worker_.count(metric::refusals, static_cast<std::uint32_t>(why));
  if (body_) co_await body_->stop();
  if (strict_) end_in_flight(); // a hand-off does not wait until the client has taken the page
  leave_member();
  upstream_.reset();
  block_.reset();

  const bool content_unread = body_ ? !body_->finished() : head_.body.has_body();
  const bool in_step = facts.whose != fault::client || why == refusal::no_route;
  const bool keeps = in_step && !content_unread && client_keeps_ && keep_client();
  const bool head_only = head_.known_method == method::head;
  if (request_id_.empty()) make_request_id(worker_, request_id_);
  write_refusal(facts, {request_id_, worker_.date(), keeps, head_only}, answer_head_);

  record_.status = facts.status;
  record_.why = facts.name;
  std::array<iovec, 1> pieces{iovec{answer_head_.data(), answer_head_.size()}};
  if (const auto error = co_await write_client(pieces)) {
    lose_client(error);
    tell_of_lost_client();
    co_return end::close;
  }
  co_return keeps ? end::keep_open : end::linger;
}

net::task<exchange::end> exchange::open_tunnel() {
  answer_facts facts;
  facts.upgrade = true;
  facts.date = worker_.date();
  if (prepare_cookie()) facts.set_cookie = cookie_;
  seal_answer();
  write_response_head(answer_, facts, {}, answer_head_);
  record_.status = 101;
  std::array<iovec, 1> pieces{iovec{answer_head_.data(), answer_head_.size()}};
  if (co_await write_client(pieces) || lost_) {
    if (lost_) record_.why = name_of(*parting_);
    co_return end::close;
  }

  stop_watching();
  leave_member();
  tunnel::opening opening;
  opening.client = client_->release_stream();
  opening.upstream = std::move(upstream_);
  opening.upstream->stays_busy();
  opening.permit = client_->release_permit();
  // What came right behind the heads belongs to the other side already.
  const auto from_client = in_.view();
  const auto from_member = std::string_view(
      reinterpret_cast<const char*>(block_.span().data()) + block_begin_, block_end_ - block_begin_);
  opening.route = route_->number;
  opening.pool = route_->pool;
  opening.member = placed_.member;
  opening.session = session();
  if (strict_) {
    opening.strict = std::exchange(strict_, nullptr);
    opening.counted = &counted_;
  }
  opening.snapshot = snapshot_->number;
  opening.away = is_away();
  opening.websocket = iequals(head_.upgrade, "websocket");
  opening.client_text = peer_text_;
  opening.request_id = request_id_;
  opening.path = std::string(target_.path);
  opening.host = std::string(host_);
  opening.route_name = route_->settings.name;
  tunnel::open(worker_, std::move(opening), from_client, from_member);
  in_.clear();
  co_return end::taken_over;
}

void exchange::finish_request() {
  stop_watching();
  if (strict_) end_in_flight();
  leave_member();
  end_.disarm();
  endless_ = false;
  const auto total = net::clock::now() - began_;
  const auto route = route_ ? route_->number : 0;
  worker_.count(metric::requests, route,
                static_cast<std::uint32_t>(head_.known_method) * 1000 + record_.status);
  if (route_) {
    worker_.counters.request_seconds[route].observe(std::chrono::duration<double>(total).count(),
                                                    net::counter_shard::request_bounds);
    worker_.count(metric::sticky, pool().number, static_cast<std::uint32_t>(placed_.sticky));
    if (placed_.reason == routing::placement_reason::spilled)
      worker_.count(metric::sessions_spilled, pool().number);
    if (placed_.sticky == routing::sticky_outcome::moved)
      worker_.count(metric::sessions_moved, pool().number, static_cast<std::uint32_t>(placed_.reason));
  }
  if (worker_.records) {
    record_.what = record_.status == 101 ? access_record::event::tunnel_open : access_record::event::request;
    record_.at = began_at_;
    record_.client = peer_text_;
    record_.request_id = request_id_;
    record_.method = head_.method_name;
    record_.host = host_;
    record_.path = target_.path;
    if (route_) {
      record_.route = route_->settings.name;
      record_.pool = pool().settings.name;
      if (placed_.member != routing::view::npos) record_.member = pool().view.members()[placed_.member].id;
      record_.epoch = pool().view.epoch();
      record_.placement = routing::to_string(placed_.reason);
      record_.sticky = routing::to_string(placed_.sticky);
    }
    record_.attempts = attempts_;
    record_.total = total;
    worker_.records->write(record_);
  }
  body_.reset();
  upstream_.reset();
  block_.reset();
  snapshot_ = {};
  if (!carry_.empty()) {
    in_.append(carry_);
    carry_.clear();
  }
}

bool exchange::keep_client() const {
  return !worker_.draining();
}

void exchange::reset() {
  in_.clear();
  in_.shrink();
  head_.clear();
  answer_.clear();
  client_ = nullptr;
  snapshot_ = {};
  host_ = {};
  trim(out_);
  trim(answer_head_);
  trim(carry_);
  trim(target_scratch_);
  trim(key_scratch_);
  trim(cookie_);
  trim(request_id_);
  trim(sealed_);
  trim(opened_.cookies);
  trim(opened_.scratch);
  trim(opened_.edits);
  trim(known_host_.authority);
  trim(known_host_.name);
  trim(head_.fields);
  trim(head_.connection.others);
  trim(answer_.fields);
  trim(answer_.connection.others);
}

void exchange::watch_client() {
  watch_.arm(worker_.wheel(), net::milliseconds(200), &on_watch_due, this);
}

/// The answer takes its time. From here on the client's end is noticed: nobody waits for the answer any more.
void exchange::on_watch_due(void* self) noexcept {
  auto& x = *static_cast<exchange*>(self);
  if (!std::exchange(x.watching_, true)) x.client_->io().when_readable({&on_client_readable, self});
}

void exchange::on_client_readable(void* self) noexcept {
  auto& x = *static_cast<exchange*>(self);
  x.watching_ = false;
  auto& client = x.client_->io();
  const auto [bytes, trouble] = client.peek();
  // The next request, in the pipeline. Behind it stands the client's end, which no read would show before.
  if (bytes > 0 && !client.peer_has_ended()) return x.watch_client();
  // The last read just filled its room, and nothing has come since.
  if (net::is_would_block(trouble)) return client.cannot_wait() ? void() : on_watch_due(self);
  x.lose_waiting_client();
  if (x.waiting_for_members_) x.waiting_for_members_->end();
  if (x.parked_) x.parked_->end();
  if (x.reads_on())
    x.limit_reading();
  else if (x.upstream_)
    x.upstream_->io.interrupt(net::asio::error::operation_aborted);
}

/// Whoever reads from the client next waits for itself.
void exchange::stop_watching() noexcept {
  watch_.disarm();
  if (std::exchange(watching_, false)) client_->io().forget_reader();
}

} // namespace limpet::http
