// A session that is being handed over from one owner to the next (`handoff: barrier`): its requests are
// parked until the commit, those of others are counted, and none is sent behind the fence.

#include "proxy/http/exchange.hpp"
#include "proxy/http/request_body.hpp"

#include <algorithm>

namespace limpet::http {

/// By the newest snapshot: refused, or none, to be placed; nothing, where it is to be parked. The clock is
/// not asked: the fence is shut once its time is over, and where that comes late each write is refused by
/// itself.
std::optional<refusal> exchange::look_for_admission() {
  if (!worker_.is_current(snapshot_)) {
    if (const auto why = resolve_anew(); why != refusal::none) return why;
  }
  const auto& here = pool();
  if (!here.strict) return refusal::none;
  if (here.strict->fence->is_shut()) return refusal::fenced; // without a session, too: nobody is served
  if (session_.from == routing::placement_key::origin::none) return refusal::none;
  admitted_by_ = worker_.strict_of(here.number);
  if (!admitted_by_) return refusal::fenced;
  if (here.strict->owners->moves(session_.hash)) return {};
  return refusal::none;
}

/// Refused, or ready to be placed: then nothing is awaited any more before that, so that it is placed and
/// counted by the very snapshot that was looked at here. However often it is parked, it has one time for all.
net::task<refusal> exchange::wait_for_admission() {
  const auto since = net::boot_now();
  for (;;) {
    if (!pool().strict->fence->is_open(net::boot_now())) co_return refusal::fenced;
    if (const auto why = co_await park(*admitted_by_, since); why != refusal::none || client_gone_)
      co_return why;
    if (const auto why = resolve_anew(); why != refusal::none) co_return why;
    if (const auto why = look_for_admission()) co_return *why;
  }
}

net::task<refusal> exchange::park(strict_pool& by, ownership::boot_time since) {
  strict_pool::wait wait(by, session_.hash, in_.view().size() + out_.size(), since);
  worker_.count(metric::parked, pool().number, static_cast<std::uint32_t>(wait.parked()));
  if (wait.parked() != ownership::parking::verdict::parked) co_return refusal::parking_full;
  const auto begin = net::clock::now();
  parked_ = &wait;
  if (!head_.body.has_body()) watch_client();
  const auto outcome = co_await wait;
  parked_ = nullptr;
  stop_watching();
  record_.parked = std::max(record_.parked, access_record::seconds(0)) + (net::clock::now() - begin);
  if (outcome == strict_pool::outcome::timed_out) co_return refusal::parked_too_long;
  co_return outcome == strict_pool::outcome::given_up ? refusal::shutting_down : refusal::none;
}

/// For another attempt at the same owner. What was written by the one before counts for as long as it may set
/// something off, the next by itself. False where the owner may be another one meanwhile.
bool exchange::count_again() {
  if (!strict_ || !counted_.has_written()) return true;
  if (!worker_.is_current(snapshot_) || look_for_admission() != refusal::none) return false;
  strict_->ledger().give_up(counted_);
  strict_->look_soon();
  count_in_flight();
  return true;
}

/// Its answer was read to the end; or else it counts for as long as what was written may set something off.
void exchange::end_in_flight() {
  auto& by = *std::exchange(strict_, nullptr);
  if (upstream_) upstream_->io.guard(nullptr);
  if (counted_.is_counted() && is_answered_whole()) [[likely]]
    return by.end(counted_);
  give_up_in_flight(by);
}

void exchange::give_up_in_flight(strict_pool& by) {
  if (endless_) counted_.writes(net::boot_now()); // what its end sets off at the member takes its time, too
  if (counted_.is_counted()) by.ledger().give_up(counted_);
  by.look_soon();
}

/// Its client has gone, and what was written to its member may be at work. Given up, it would count for all
/// the time that this may take; read to the end, it counts as long as it does take (rule 7).
void exchange::limit_reading() noexcept {
  const auto until = strict_->ledger().counts_until(counted_);
  const auto left = std::chrono::ceil<net::milliseconds>(until - net::boot_now());
  upstream_->io.expires_after(std::max(left, net::milliseconds(1)));
}

/// The rest of an answer that nobody waits for any more.
net::task<> exchange::drop_answer() {
  if (!reads_on() || !answer_begun_ || answer_.status == 101) co_return;
  limit_reading();
  for (unsigned turns = 1; !upstream_->io.interrupted(); ++turns) {
    if (take_content({}).malformed || answer_decoder_.done()) co_return;
    block_.reset();
    block_begin_ = block_end_ = 0;
    if (turns % relay_turns_max == 0 && co_await upstream_->io.pause()) co_return;
    const auto error = co_await read_answer();
    if (error && (error != net::asio::error::eof || !answer_decoder_.end_of_input())) co_return;
  }
}

/// A member that has answered before it had all of the content may still be at work.
bool exchange::is_answered_whole() const noexcept {
  if (!answer_begun_ || answer_.status == 101) return false; // a tunnel that did not come about
  return answer_decoder_.done() && request_sent_;
}

} // namespace limpet::http
