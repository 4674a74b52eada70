#include "proxy/membership/etcd/watcher.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/steady_timer.hpp>

#include <random>
#include <utility>

namespace limpet::etcd {
namespace {

namespace asio = boost::asio;

/// A coroutine that can be called off. What it still reports after that is not listened to.
struct task : std::enable_shared_from_this<task> {
  asio::cancellation_signal cancel;
  bool is_current = true;

  void call_off(const asio::any_io_executor& executor) {
    if (!std::exchange(is_current, false)) return;
    // In the loop: outside it co_spawn queues what cancels, with a plain pointer into the signal
    // (Boost 1.81), and the coroutine may end before that runs, and was all that kept us.
    asio::dispatch(executor,
                   [self = shared_from_this()] { self->cancel.emit(asio::cancellation_type::terminal); });
  }
};

error to_error(const std::exception_ptr& escaped) {
  try {
    std::rethrow_exception(escaped);
  } catch (const std::exception& reason) {
    return {errc::unreachable, printable(reason.what())};
  }
}

} // namespace

/// Kept alive by its coroutines, so that the watcher itself may go at any time.
class watcher::runner : public std::enable_shared_from_this<runner> {
public:
  runner(asio::any_io_executor executor, std::shared_ptr<client> over, options what, observe_function observe)
      : executor_(std::move(executor)), client_(std::move(over)), options_(std::move(what)),
        observe_(std::move(observe)), fsm_(options_.timing, std::random_device{}()), timer_(executor_) {}

  const watch_status& status() const noexcept { return fsm_.status(); }
  void start() { perform(fsm_.start()); }

  bool refresh(std::function<void(bool)> done) {
    const bool was_listing = fsm_.is_listing();
    if (is_stopped_) return !was_listing;
    when_listed_.push_back(std::move(done));
    perform(fsm_.refresh());
    return !was_listing;
  }

  void stop() {
    if (std::exchange(is_stopped_, true)) return;
    when_listed_.clear();
    timer_.cancel();
    if (list_) list_->call_off(executor_);
    if (watch_) watch_->call_off(executor_);
    // `observe_` stays: it may be what is calling this.
  }

private:
  void perform(watch_fsm::step step) {
    if (is_stopped_) return;
    if (step.close_watch || step.open_watch) close_watch();
    if (step.timer) arm(*step.timer);
    if (step.list) list();
    if (step.open_watch) watch(*step.open_watch);
    if (step.changes.empty() && fsm_.status() == told_) return;
    told_ = fsm_.status();
    observe_(std::move(step.changes), told_);
  }

  void arm(std::chrono::milliseconds wait) {
    const std::uint64_t number = ++timer_number_;
    timer_.expires_after(wait);
    timer_.async_wait([self = shared_from_this(), number](boost::system::error_code aborted) {
      // A wait that has ended may still be queued when the timer is armed anew.
      if (!aborted && number == self->timer_number_) self->perform(self->fsm_.timer_expired());
    });
  }

  /// Runs `body` until its end or until it is called off; `failed` hears of an exception that escapes it.
  template <class Failed>
  void spawn(const std::shared_ptr<task>& running, asio::awaitable<void> body, Failed failed) {
    asio::co_spawn(
        executor_, std::move(body),
        asio::bind_cancellation_slot(running->cancel.slot(), [running, failed](std::exception_ptr escaped) {
          if (escaped && running->is_current) failed(to_error(escaped));
        }));
  }

  void list() {
    const auto self = shared_from_this();
    list_ = std::make_shared<task>();
    spawn(list_, run_list(self), [self](const error& reason) { self->list_ended(reason); });
  }

  /// Whoever is told may ask for the next list, or stop everything.
  void list_ended(const result<range_response>& found) {
    auto waiting = std::exchange(when_listed_, {});
    perform(found ? fsm_.listed(*found) : fsm_.list_failed(found.error()));
    for (auto& done : waiting)
      if (!is_stopped_) done(found.has_value());
  }

  void watch(std::int64_t revision) {
    const auto self = shared_from_this();
    watch_ = std::make_shared<task>();
    spawn(watch_, run_watch(self, watch_, revision),
          [self](const error& reason) { self->perform(self->fsm_.watch_failed(reason)); });
  }

  void close_watch() {
    if (watch_) watch_->call_off(executor_);
    watch_.reset();
  }

  static asio::awaitable<void> run_list(std::shared_ptr<runner> self) {
    const auto found = co_await self->client_->range_all(self->options_.key, self->options_.range_end,
                                                         self->options_.timing.keys_max);
    self->list_ended(found);
  }

  /// `own` is the task that this runs in: any answer may have the watch closed, and another opened, in the
  /// middle.
  static asio::awaitable<void> run_watch(std::shared_ptr<runner> self, std::shared_ptr<task> own,
                                         std::int64_t revision) {
    watch_create_request request{
        .key = self->options_.key, .range_end = self->options_.range_end, .start_revision = revision};
    auto stream = co_await self->client_->watch(std::move(request));
    if (!stream && own->is_current) self->perform(self->fsm_.watch_failed(stream.error()));
    while (stream && own->is_current) {
      const auto response = co_await (*stream)->next(self->options_.idle);
      if (!own->is_current) co_return;
      self->perform(response ? self->fsm_.watched(*response) : self->fsm_.watch_failed(response.error()));
    }
  }

  asio::any_io_executor executor_;
  std::shared_ptr<client> client_;
  options options_;
  observe_function observe_;
  watch_fsm fsm_;
  watch_status told_;
  asio::steady_timer timer_;
  std::uint64_t timer_number_ = 0;
  std::shared_ptr<task> list_;
  std::shared_ptr<task> watch_;
  std::vector<std::function<void(bool)>> when_listed_; ///< who asked for the list that is under way
  bool is_stopped_ = false;
};

watcher::watcher(asio::any_io_executor executor, std::shared_ptr<client> over, options what,
                 observe_function observe)
    : runner_(std::make_shared<runner>(std::move(executor), std::move(over), std::move(what),
                                       std::move(observe))) {}
watcher::~watcher() {
  stop();
}
void watcher::start() {
  runner_->start();
}
bool watcher::refresh(std::function<void(bool)> done) {
  return runner_->refresh(std::move(done));
}
void watcher::stop() {
  runner_->stop();
}
const watch_status& watcher::status() const noexcept {
  return runner_->status();
}

} // namespace limpet::etcd
