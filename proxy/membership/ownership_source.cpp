#include "proxy/membership/ownership_source.hpp"

#include "proxy/membership/etcd/watcher.hpp"
#include "proxy/membership/ownership_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <utility>

namespace limpet::membership {
namespace {

namespace asio = boost::asio;
using ownership::barrier_fsm;
using action = barrier_fsm::action;
using kind = action::kind;
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
  options.timing.keys_max = 2 * member_table::members_max + 3 * 2'000;
  return options;
}

milliseconds to_ms(ownership::duration d) {
  return std::chrono::duration_cast<milliseconds>(d);
}

} // namespace

class ownership_source::runner : public std::enable_shared_from_this<runner> {
public:
  runner(asio::any_io_executor executor, std::shared_ptr<etcd::client> client, options what)
      : executor_(std::move(executor)), client_(std::move(client)), options_(std::move(what)),
        store_(client_, options_.prefix, options_.pool, options_.terms), seen_(store_.empty_table()),
        fence_(std::make_shared<net::write_fence>()), timer_(executor_), lease_timer_(executor_),
        words_(options_.workers) {}

  void start(publish_function publish) {
    publish_ = std::move(publish);
    watcher_.emplace(executor_, client_, watch_options(store_.keys(), options_.relist),
                     [this](const std::vector<etcd::change>& changes, const etcd::watch_status& status) {
                       on_update(changes, status);
                     });
    watcher_->start();
    begin_incarnation();
  }

  void stop() {
    is_stopped_ = true;
    left_ = {};
    fence_->set(ownership::long_ago);
    watcher_.reset();
    timer_.cancel();
    lease_timer_.cancel();
  }

  void on_word(const net::strict_word& word) {
    if (is_stopped_ || word.incarnation != incarnation_ || word.worker >= words_.size()) return;
    words_[word.worker] = word;
    if (fsm_) fsm_->on_word(word.worker, word.revision, word.none_left);
    pump();
    if (left_) leave_if_empty();
  }

  /// Rule 4: nothing is dispatched any more; once nothing is in flight the keys are deleted.
  void leave(std::function<void()> left) {
    left_ = std::move(left);
    leave_if_empty();
  }

  source_status status() const {
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

  std::vector<operator_drain> drains() const { return seen_.members().drains(); }

  handoff_status handoff() const {
    handoff_status h;
    h.halted = halted_;
    h.commits = commits_;
    h.last_handoff = last_handoff_;
    h.incarnations = incarnations_;
    h.epoch = held_.committed_epoch();
    h.revision = held_.revision;
    h.is_prepare = held_.is_prepare();
    const auto now = net::boot_now();
    if (h.is_prepare) h.prepared_for = to_ms(now - held_since_);
    if (fence_->is_open(now)) h.fence_left = to_ms(fence_->until() - now);
    if (!fsm_) return h;
    h.incarnation = fsm_->incarnation();
    h.registered = fsm_->registered();
    for (const auto& router : fsm_->waits_for())
      h.waits_for.emplace_back(router);
    h.workers_waited_for = fsm_->workers_waited_for();
    return h;
  }

private:
  void leave_if_empty() {
    const auto is_empty = [](const auto& word) { return word && word->is_empty; };
    const bool is_there = fsm_ && fsm_->registered();
    if (is_there && !std::ranges::all_of(words_, is_empty)) return;
    fence_->set(ownership::long_ago);
    auto left = std::exchange(left_, {});
    if (!is_there) return left();
    asio::co_spawn(executor_, delete_keys(shared_from_this(), fsm_->incarnation(), lease_, std::move(left)),
                   asio::detached);
    fsm_->on_left();
    is_stopped_ = true;
  }

  static asio::awaitable<void> delete_keys(std::shared_ptr<runner> self, std::string incarnation,
                                           std::int64_t lease, std::function<void()> left) {
    const auto done = co_await self->store_.leave(incarnation);
    if (!done)
      spdlog::warn("pool {}: {} is still registered: {}", self->options_.pool, incarnation,
                   done.error().message);
    (void)co_await self->client_->lease_revoke(lease);
    left();
  }

  /// The workers are told first, and let go of whatever they have; the registration follows their words.
  void begin_incarnation() {
    static std::uint64_t last = 0; // of the process: a reload may make a source anew
    incarnation_ = ++last;
    ++incarnations_;
    fsm_.reset();
    fence_->set(ownership::long_ago);
    std::ranges::fill(words_, std::nullopt);
    publish();
  }

  void pump() {
    if (is_stopped_) return;
    if (!fsm_ && halted_.empty() &&
        std::ranges::all_of(words_, &std::optional<net::strict_word>::has_value)) {
      fsm_.emplace(fresh_incarnation(options_.proxy), options_.workers, options_.protocol);
      lease_ = 0;
      for (const auto& word : words_) // they are not said again where the record stays the same
        fsm_->on_word(word->worker, word->revision, word->none_left);
    }
    if (!fsm_) return;
    for (;;) {
      const auto a = fsm_->next(net::boot_now());
      if (a.what == kind::wait) break;
      spawn(a);
    }
    if (fsm_->ended()) return end_incarnation("it has lost its registration");
    hold(fsm_->held());
    fence_->set(fsm_->serve_until());
    arm(fsm_->wake_at());
  }

  void end_incarnation(std::string_view why) {
    if (std::exchange(was_registered_, false))
      spdlog::warn("pool {}: {} is over, {}: nobody is served until the next is registered", options_.pool,
                   fsm_->incarnation(), why);
    if (lease_ != 0) asio::co_spawn(executor_, revoke(shared_from_this(), lease_), asio::detached);
    begin_incarnation();
  }

  void hold(const ownership::record& r) {
    if (r.revision <= held_.revision) return;
    const auto now = net::boot_now();
    if (held_.is_prepare() && !r.is_prepare()) {
      ++commits_;
      last_handoff_ = to_ms(now - prepared_since_);
    }
    if (r.is_prepare() && !held_.is_prepare()) prepared_since_ = now;
    held_since_ = now;
    held_ = r;
    spdlog::info("pool {}: {} {} of {} members", options_.pool, ownership::to_string(r.state), r.revision,
                 r.members.size());
    publish();
  }

  void publish() {
    member_list list;
    list.members = held_.committed_members();
    list.epoch = held_.committed_epoch();
    list.strict = net::strict_view{std::make_shared<const ownership::owners>(held_), fence_, incarnation_};
    has_published_ = has_published_ || held_.revision > 0;
    publish_(std::move(list));
  }

  void arm(ownership::boot_time at) {
    if (at == ownership::never) return timer_.cancel(), void();
    timer_.expires_after(std::max(at - net::boot_now(), ownership::duration(0)));
    timer_.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
      if (!aborted) self->pump();
    });
  }

  // -- what the watch shows

  void on_update(const std::vector<etcd::change>& changes, const etcd::watch_status& status) {
    if (status.restores != restores_) halt("etcd went back in time or is another cluster; restart to go on");
    restores_ = status.restores;
    for (const auto& change : changes)
      seen_.apply(change);
    look_at_complaints();
    tell_what_was_seen();
    pump();
  }

  /// Hints, but for the record; and what was seen before the registration counts after it.
  void tell_what_was_seen() {
    if (!fsm_ || !fsm_->registered()) return;
    const auto now = net::boot_now();
    const auto known_until = std::max<std::int64_t>(watcher_->status().known_until, 0);
    fsm_->on_record(seen_.record(), now);
    fsm_->on_members_seen(seen_.members().members(), static_cast<std::uint64_t>(known_until), now);
    fsm_->on_barrier_seen(seen_.routers(), now);
  }

  void look_at_complaints() {
    if (restores_ > 0) return;
    const auto complaint = seen_.complaint();
    if (!complaint.empty()) return halt(complaint);
    if (halted_.empty()) return;
    spdlog::warn("pool {}: goes on, what it had stopped for is gone", options_.pool);
    halted_.clear();
  }

  /// Nobody is served: what the store says cannot be relied on.
  void halt(std::string why) {
    if (halted_ == why) return;
    spdlog::error("pool {}: stopped: {}", options_.pool, why);
    const bool was_halted = !halted_.empty();
    halted_ = std::move(why);
    if (was_halted || !fsm_) return;
    end_incarnation("the pool has stopped");
  }

  // -- what the machine asks for

  void spawn(const action& a) {
    asio::co_spawn(executor_, perform(shared_from_this(), a, incarnation_),
                   [this, self = shared_from_this()](const std::exception_ptr& escaped) {
                     if (escaped)
                       spdlog::error("pool {}: an action of the hand-off has thrown", options_.pool);
                   });
  }

  /// Whether the one who asked is still there to hear.
  bool is_current(std::uint64_t incarnation) const {
    return !is_stopped_ && fsm_ && incarnation == incarnation_;
  }

  bool failed(const action& a, const etcd::error& reason) {
    ++errors_;
    if (reason.message != last_error_) spdlog::warn("pool {}: {}", options_.pool, reason.message);
    last_error_ = reason.message;
    fsm_->on_failed(a, net::boot_now());
    return false;
  }

  /// False where the pool stops for what was found.
  bool is_ours(const ownership_table& found) {
    const auto complaint = found.complaint();
    if (complaint.empty()) return true;
    halt(complaint);
    return false;
  }

  static asio::awaitable<void> perform(std::shared_ptr<runner> self, action a, std::uint64_t incarnation) {
    if (!self->is_current(incarnation)) co_return;
    switch (a.what) {
    case kind::register_once:
      co_await self->register_incarnation(incarnation);
      break;
    case kind::read_self:
      co_await self->read_self(a, incarnation);
      break;
    case kind::read_members:
      co_await self->read_members(a, incarnation);
      break;
    case kind::read_barrier:
      co_await self->read_barrier(a, incarnation);
      break;
    case kind::write_record:
      co_await self->write_record(a, incarnation);
      break;
    case kind::acknowledge:
      co_await self->acknowledge(a, incarnation);
      break;
    case kind::remove:
      co_await self->remove(a, incarnation);
      break;
    case kind::wait:
      break;
    }
    self->pump();
  }

  asio::awaitable<void> register_incarnation(std::uint64_t incarnation) {
    const auto name = fsm_->incarnation();
    const auto ttl = std::chrono::ceil<std::chrono::seconds>(options_.protocol.limits.lease_ttl);
    const auto lease = co_await store_.grant_lease(ttl);
    if (!is_current(incarnation)) co_return;
    if (!lease) co_return co_await register_failed(lease.error(), incarnation);
    lease_ = *lease;
    auto done = co_await store_.register_once(name, *lease);
    if (!is_current(incarnation)) co_return;
    if (!done) co_return co_await register_failed(done.error(), incarnation);
    if (!*done) co_return fsm_->on_register_failed();
    if (!is_ours((*done)->table)) co_return;
    last_error_.clear();
    spdlog::info("pool {}: registered as {}", options_.pool, name);
    was_registered_ = true;
    fsm_->on_registered((*done)->table.record(), net::boot_now());
    tell_what_was_seen();
    asio::co_spawn(executor_, keep_lease(shared_from_this(), *lease, incarnation), asio::detached);
  }

  /// The next incarnation tries it again, and not at once.
  asio::awaitable<void> register_failed(etcd::error reason, std::uint64_t incarnation) {
    ++errors_;
    if (reason.message != last_error_)
      spdlog::warn("pool {}: not registered: {}", options_.pool, reason.message);
    last_error_ = reason.message;
    asio::steady_timer pause(executor_, options_.protocol.again);
    boost::system::error_code aborted;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
    if (is_current(incarnation)) fsm_->on_register_failed();
  }

  asio::awaitable<void> read_self(action a, std::uint64_t incarnation) {
    const auto name = fsm_->incarnation();
    const auto found = co_await store_.read_self(name);
    if (!is_current(incarnation)) co_return;
    if (!found) co_return (void) failed(a, found.error());
    if (!is_ours(found->table)) co_return;
    last_error_.clear();
    fsm_->on_self_read(found->table.has_routers(name), found->table.has_alive(name), found->table.record(),
                       net::boot_now());
  }

  asio::awaitable<void> read_members(action a, std::uint64_t incarnation) {
    const auto found = co_await store_.read_members();
    if (!is_current(incarnation)) co_return;
    if (!found) co_return (void) failed(a, found.error());
    fsm_->on_members_read(found->table.members().members(), found->revision, net::boot_now());
  }

  asio::awaitable<void> read_barrier(action a, std::uint64_t incarnation) {
    const auto found = co_await store_.read_barrier();
    if (!is_current(incarnation)) co_return;
    if (!found) co_return (void) failed(a, found.error());
    if (!is_ours(found->table)) co_return;
    const auto& view = found->table.record();
    fsm_->on_barrier_read({view.revision, found->table.routers()}, view, net::boot_now());
  }

  asio::awaitable<void> write_record(action a, std::uint64_t incarnation) {
    auto r = fsm_->to_write();
    const auto over = fsm_->to_write_over();
    const auto revision = co_await store_.write_record(std::move(r), over);
    if (!is_current(incarnation)) co_return;
    if (!revision) co_return (void) failed(a, revision.error());
    if (*revision == 0) co_return fsm_->on_record_conflict();
    fsm_->on_record_written(*revision, net::boot_now());
  }

  asio::awaitable<void> acknowledge(action a, std::uint64_t incarnation) {
    const auto done = co_await store_.acknowledge(fsm_->incarnation(), fsm_->to_acknowledge());
    if (!is_current(incarnation)) co_return;
    if (!done) co_return (void) failed(a, done.error());
    if (!*done) co_return fsm_->on_unregistered();
    fsm_->on_acknowledged();
  }

  asio::awaitable<void> remove(action a, std::uint64_t incarnation) {
    const auto done = co_await store_.remove(a.router);
    if (!is_current(incarnation)) co_return;
    if (!done) co_return (void) failed(a, done.error());
    spdlog::warn("pool {}: {} is dead, and was taken out of the barrier set", options_.pool, a.router);
    fsm_->on_removed(a.router);
  }

  static asio::awaitable<void> keep_lease(std::shared_ptr<runner> self, std::int64_t lease,
                                          std::uint64_t incarnation) {
    boost::system::error_code aborted;
    while (self->is_current(incarnation)) {
      self->lease_timer_.expires_after(self->options_.protocol.limits.lease_ttl / 3);
      co_await self->lease_timer_.async_wait(asio::redirect_error(asio::use_awaitable, aborted));
      if (!self->is_current(incarnation)) co_return;
      (void)co_await self->client_->lease_keep_alive(
          lease); // what came of it, the next read of oneself shows
    }
  }

  static asio::awaitable<void> revoke(std::shared_ptr<runner> self, std::int64_t lease) {
    (void)co_await self->client_->lease_revoke(lease); // else it runs out
  }

  asio::any_io_executor executor_;
  std::shared_ptr<etcd::client> client_;
  options options_;
  ownership_store store_;
  ownership_table seen_;
  std::optional<etcd::watcher> watcher_;
  publish_function publish_;
  std::shared_ptr<net::write_fence> fence_;
  asio::steady_timer timer_;
  asio::steady_timer lease_timer_;
  std::optional<barrier_fsm> fsm_; ///< none while workers let go, and while the pool is stopped
  std::vector<std::optional<net::strict_word>> words_; ///< the last of each worker, of this incarnation
  std::uint64_t incarnation_ = 0;
  std::uint64_t incarnations_ = 0;
  bool was_registered_ = false;
  std::int64_t lease_ = 0;
  ownership::record held_;
  ownership::boot_time held_since_ = ownership::long_ago;
  ownership::boot_time prepared_since_ = ownership::long_ago;
  milliseconds last_handoff_{0};
  std::uint64_t commits_ = 0;
  std::uint64_t restores_ = 0;
  std::uint64_t errors_ = 0;
  std::string last_error_;
  std::string halted_;
  bool has_published_ = false;
  bool is_stopped_ = false;
  std::function<void()> left_; ///< who waits for the clean exit
};

std::string_view to_string(handoff_status::step s) noexcept {
  using step = handoff_status::step;
  switch (s) {
  case step::committed:
    return "committed";
  case step::drains:
    return "drains";
  case step::waits_for_others:
    return "waits for others";
  case step::not_registered:
    return "not registered";
  case step::stopped:
    return "stopped";
  }
  return "unknown";
}

ownership_source::ownership_source(asio::any_io_executor executor, std::shared_ptr<etcd::client> client,
                                   options what)
    : runner_(std::make_shared<runner>(std::move(executor), std::move(client), std::move(what))) {}
ownership_source::~ownership_source() {
  stop();
}
void ownership_source::start(publish_function publish) {
  runner_->start(std::move(publish));
}
void ownership_source::stop() {
  runner_->stop();
}
source_status ownership_source::status() const {
  return runner_->status();
}
std::vector<operator_drain> ownership_source::drains() const {
  return runner_->drains();
}
handoff_status ownership_source::handoff() const {
  return runner_->handoff();
}
void ownership_source::leave(std::function<void()> left) {
  runner_->leave(std::move(left));
}
void ownership_source::on_word(const net::strict_word& word) {
  runner_->on_word(word);
}

} // namespace limpet::membership
