// A cookie or an envelope whose epoch is ahead of what this proxy knows of its pool: another proxy has seen a
// change of the members that has not come here yet.

#include "proxy/http/exchange.hpp"
#include "proxy/http/h1/head_parser.hpp"

namespace limpet::http {

namespace {

/// After a wait in vain nobody waits for this long: the store may hang, and cookies come again and again.
constexpr net::milliseconds pause_after_time_out{1'000};

/// Among all who wait, of all workers.
class waiting_place {
public:
  explicit waiting_place(std::atomic<std::uint32_t>& taken) noexcept : taken_(taken) {
    taken_.fetch_add(1, std::memory_order_relaxed);
  }
  waiting_place(const waiting_place&) = delete;
  ~waiting_place() { taken_.fetch_sub(1, std::memory_order_relaxed); }

private:
  std::atomic<std::uint32_t>& taken_;
};

} // namespace

/// Waits until the members were read again, for a moment at the most, and resolves the request anew by what
/// is known then: an epoch alone refuses nothing.
net::task<refusal> exchange::catch_up() {
  const auto pool_number = pool().number;
  auto outcome = epoch_outcome::limited;
  if (may_wait_for_members()) outcome = co_await wait_for_members();
  worker_.count(metric::epoch_ahead, pool_number, static_cast<std::uint32_t>(outcome));
  if (outcome == epoch_outcome::limited) co_return refusal::none;
  if (outcome == epoch_outcome::given_up) co_return refusal::shutting_down;
  co_return resolve_anew();
}

/// By the snapshot of now, after a wait.
refusal exchange::resolve_anew() {
  snapshot_ = worker_.current();
  route_ = nullptr; // maybe another one, with another pool: nothing of the first look counts
  session_ = {};
  key_ = {};
  target_ = {};
  upgrade_ = false;
  record_.key_source = {};
  out_.clear();
  // Resolving has changed the head: an envelope that was opened is gone from it.
  head_.clear();
  h1::parse_request_head(in_.view().substr(0, head_size_), head_);
  return resolve();
}

/// A few more than the limit where workers look at the same time.
bool exchange::may_wait_for_members() const {
  const auto& process = worker_.process;
  return process.epochs && pool().state->known.may_ask(worker_.wheel().now()) &&
         process.epoch_waits.load(std::memory_order_relaxed) < snapshot_->limits.epoch_waits;
}

net::task<epoch_outcome> exchange::wait_for_members() {
  const auto begin = net::clock::now();
  const waiting_place place(worker_.process.epoch_waits);
  epoch_waits::wait told(worker_.epochs, *worker_.process.epochs, pool().settings.name, key_.token.epoch,
                         snapshot_->epoch_wait);
  waiting_for_members_ = &told;
  if (!head_.body.has_body()) watch_client();
  const auto outcome = co_await told;
  waiting_for_members_ = nullptr;
  const auto now = net::clock::now();
  record_.epoch_wait = now - begin;
  if (outcome == epoch_outcome::timed_out) pool().state->known.ask_after(now + pause_after_time_out);
  co_return outcome;
}

} // namespace limpet::http
