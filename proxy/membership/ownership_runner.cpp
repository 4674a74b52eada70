#include "proxy/membership/ownership_runner.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

namespace limpet::membership {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

/// Never used twice: 64 random bits.
std::string fresh_incarnation(const std::string& proxy) {
  std::random_device device;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", device(), device());
  return proxy + '.' + text.data();
}

etcd::watcher::options watch_options(const ownership_keys& keys, milliseconds relist) {
  etcd::watcher::options options;
  options.key = keys.all;
  options.range_end = etcd::prefix_end(keys.all);
  options.timing.relist = relist;
  options.timing.keys_max = 2 * member_table::members_max + 3 * member_table::barrier_proxies_max;
  return options;
}

constexpr milliseconds look_again{1000}; ///< while a pool is stopped

milliseconds to_ms(ownership::duration d) {
  return std::chrono::duration_cast<milliseconds>(d);
}

} // namespace

ownership_source::runner::runner(asio::any_io_executor executor, std::shared_ptr<etcd::client> client,
                                 options what)
    : executor_(std::move(executor)), client_(std::move(client)), options_(std::move(what)),
      store_(client_, options_.prefix, options_.pool, options_.terms), seen_(store_.empty_table()),
      fence_(std::make_shared<net::write_fence>()), timer_(executor_), lease_timer_(executor_),
      leave_timer_(executor_), words_(options_.workers) {}

void ownership_source::runner::start(publish_function publish) {
  publish_ = std::move(publish);
  watcher_.emplace(executor_, client_, watch_options(store_.keys(), options_.relist),
                   [this](const std::vector<etcd::change>& changes, const etcd::watch_status& status) {
                     on_update(changes, status);
                   });
  watcher_->start();
  begin_incarnation();
}

void ownership_source::runner::stop() {
  // The pool is gone, and its workers with it: others need not wait for the lease besides the grace.
  if (!std::exchange(is_stopped_, true) && lease_ != 0)
    asio::co_spawn(executor_, revoke(shared_from_this(), lease_), asio::detached);
  left_ = {};
  fence_->set(ownership::long_ago);
  watcher_.reset();
  timer_.cancel();
  lease_timer_.cancel();
  leave_timer_.cancel();
}

void ownership_source::runner::configure(const config::barrier_settings& barrier) {
  options_.protocol.limits.lease_ttl = barrier.lease_ttl;
  options_.protocol.pace.batch = barrier.batch;
  if (!fsm_) return;
  fsm_->set_batch(barrier.batch);
  pump();
}

void ownership_source::runner::on_word(const net::strict_word& word) {
  if (is_stopped_ || word.incarnation != incarnation_ || word.worker >= words_.size()) return;
  words_[word.worker] = word;
  if (fsm_) fsm_->on_word(word.worker, word.revision, word.none_left);
  pump();
  if (left_) end_leave();
}

/// Rule 4: nothing is dispatched any more; once nothing is in flight the keys are deleted. That is when all
/// workers say so, who have seen the fence shut; and no later than `within`.
void ownership_source::runner::leave(std::function<void()> left, ownership::duration within) {
  left_ = std::move(left);
  fence_->set(ownership::long_ago);
  leave_within(within);
  end_leave();
}

void ownership_source::runner::leave_within(ownership::duration limit) {
  leave_timer_.expires_after(limit);
  leave_timer_.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
    if (!aborted && self->left_) self->end_leave(true);
  });
}

source_status ownership_source::runner::status() const {
  source_status s;
  s.kind = "etcd";
  if (!watcher_) return s;
  const auto& watch = watcher_->status();
  s.stale = watch.stale;
  s.ready = has_published_;
  s.revision = watch.known_until > 0 ? static_cast<std::uint64_t>(watch.known_until) : 0;
  s.known_until = source_status::counts_for_itself; // only a commit counts, and every proxy waits for that
  s.invalid_values = seen_.members().invalid_values();
  s.relist_differences = watch.differences;
  s.restores = watch.restores;
  s.errors = watch.errors + errors_;
  s.last_error = last_error_.empty() ? watch.last_error : last_error_;
  return s;
}

handoff_status ownership_source::runner::handoff() const {
  handoff_status h;
  h.halted = halted_;
  h.commits = commits_;
  h.last_handoff = last_handoff_;
  h.revision = held_.revision;
  h.is_prepare = held_.is_prepare();
  const auto now = net::boot_now();
  if (h.is_prepare) h.prepared_for = to_ms(now - prepared_since_);
  if (fence_->is_open(now)) h.fence_left = to_ms(fence_->until() - now);
  if (!fsm_) return h;
  h.incarnation = fsm_->incarnation();
  h.registered = fsm_->registered();
  for (const auto& router : fsm_->waits_for())
    h.waits_for.emplace_back(router);
  h.workers_waited_for = fsm_->workers_waited_for();
  return h;
}

void ownership_source::runner::end_leave(bool is_certain) {
  const auto has_left = [](const auto& word) { return word && word->has_left; };
  const bool is_there = fsm_ && fsm_->registered();
  if (is_there && !is_certain && !std::ranges::all_of(words_, has_left)) return;
  leave_timer_.cancel();
  auto left = std::exchange(left_, {});
  is_stopped_ = true; // nor does it register any more
  if (!is_there) {
    if (lease_ != 0) asio::co_spawn(executor_, revoke(shared_from_this(), lease_), asio::detached);
    return left();
  }
  asio::co_spawn(executor_, delete_keys(shared_from_this(), fsm_->incarnation(), lease_, std::move(left)),
                 asio::detached);
  fsm_->on_left();
}

/// The workers are told first, and let go of whatever they have; the registration follows their words.
void ownership_source::runner::begin_incarnation() {
  static std::uint64_t last = 0; // of the process: a reload may make a source anew
  incarnation_ = ++last;
  fsm_.reset();
  fence_->set(ownership::long_ago);
  std::ranges::fill(words_, std::nullopt);
  publish();
}

void ownership_source::runner::pump() {
  if (is_stopped_) return;
  if (!fsm_ && halted_.empty() && std::ranges::all_of(words_, &std::optional<net::strict_word>::has_value)) {
    fsm_.emplace(fresh_incarnation(options_.proxy), options_.workers, options_.protocol);
    lease_ = 0;
    for (const auto& word : words_) // they are not said again where the record stays the same
      fsm_->on_word(word->worker, word->revision, word->none_left);
  }
  if (!fsm_) return;
  for (;;) {
    const auto a = fsm_->next(net::boot_now());
    if (a.what == action::kind::wait) break;
    spawn(a);
  }
  if (fsm_->ended()) return end_incarnation("it has lost its registration");
  hold(fsm_->held());
  set_fence();
}

/// Workers look at the clock only as they write. So that requests are refused before that, and no member is
/// asked for in vain, the fence is shut once its time is over.
void ownership_source::runner::set_fence() {
  const auto until = fsm_->serve_until();
  const bool is_open = net::boot_now() < until && !left_;
  const bool was_open = !fence_->is_shut();
  fence_->set(is_open ? until : ownership::long_ago);
  arm(is_open ? std::min(until, fsm_->wake_at()) : fsm_->wake_at());
  if (!was_open || is_open) return;
  ++lapses_;
  spdlog::warn("pool {}: nobody is served: for {} ms nothing was heard of etcd", options_.pool,
               to_ms(options_.protocol.limits.window).count());
  publish();
}

void ownership_source::runner::end_incarnation(std::string_view why) {
  if (std::exchange(was_registered_, false))
    spdlog::warn("pool {}: {} is over, {}: nobody is served until the next is registered", options_.pool,
                 fsm_->incarnation(), why);
  if (lease_ != 0) asio::co_spawn(executor_, revoke(shared_from_this(), lease_), asio::detached);
  begin_incarnation();
  if (left_) end_leave();
}

void ownership_source::runner::hold(const ownership::record& r) {
  if (r.revision <= held_.revision) return;
  const auto now = net::boot_now();
  // The next PREPARE may be seen before the commit is.
  const bool has_committed = held_.is_prepare() && r.committed_epoch() > held_.committed_epoch();
  if (has_committed) {
    ++commits_;
    last_handoff_ = to_ms(now - prepared_since_);
  }
  if (r.is_prepare() && (has_committed || !held_.is_prepare())) prepared_since_ = now;
  held_ = r;
  spdlog::info("pool {}: {} {} of {} members", options_.pool, ownership::to_string(r.state), r.revision,
               r.members.size());
  publish();
}

void ownership_source::runner::publish() {
  member_list list;
  list.members = held_.committed_members();
  list.epoch = held_.committed_epoch();
  list.strict =
      net::strict_view{std::make_shared<const ownership::owners>(held_), fence_, incarnation_, lapses_};
  has_published_ = has_published_ || held_.revision > 0;
  publish_(std::move(list));
}

void ownership_source::runner::arm(ownership::boot_time at) {
  if (at == ownership::never) return timer_.cancel(), void();
  timer_.expires_after(std::max(at - net::boot_now(), ownership::duration(0)));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
    if (aborted) return;
    if (!self->halted_.empty()) self->look_at_complaints();
    self->pump();
  });
}

void ownership_source::runner::on_update(const std::vector<etcd::change>& changes,
                                         const etcd::watch_status& status) {
  if (std::exchange(restores_, status.restores) != status.restores || !is_of_known_cluster(status.cluster_id))
    stop_for_restore();
  for (const auto& change : changes)
    if (const auto complaint = seen_.apply(change))
      spdlog::warn("pool {}: {} is left as the record has it: {}", options_.pool, etcd::printable(change.key),
                   *complaint);
  look_at_complaints();
  tell_what_was_seen();
  pump();
}

/// Hints, but for the record; and what was seen before the registration counts after it.
void ownership_source::runner::tell_what_was_seen() {
  if (!fsm_ || !fsm_->registered()) return;
  const auto now = net::boot_now();
  const auto known_until =
      static_cast<std::uint64_t>(std::max<std::int64_t>(watcher_->status().known_until, 0));
  fsm_->on_record(seen_.record(), now);
  fsm_->on_members_seen(seen_.members().members_after(fsm_->held().members), known_until, now);
  fsm_->on_barrier_seen(seen_.routers(), known_until, now);
}

void ownership_source::runner::look_at_complaints() {
  if (was_restored_) return;
  const auto complaint = seen_.complaint();
  if (!complaint.empty()) return halt(complaint);
  if (halted_.empty()) return;
  spdlog::warn("pool {}: goes on, what it had stopped for is gone", options_.pool);
  halted_.clear();
}

void ownership_source::runner::stop_for_restore() {
  was_restored_ = true;
  halt("etcd went back in time or is another cluster; restart to go on");
}

/// Nobody is served: what the store says cannot be relied on.
void ownership_source::runner::halt(std::string why) {
  if (halted_ == why) return;
  spdlog::error("pool {}: stopped: {}", options_.pool, why);
  const bool was_halted = !halted_.empty();
  halted_ = std::move(why);
  if (was_halted || !fsm_) return;
  end_incarnation("the pool has stopped");
  arm(net::boot_now() +
      look_again); // a reply may be older than what the watch has shown, and it tells nothing twice
}

} // namespace limpet::membership
