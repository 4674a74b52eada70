#include "proxy/ops/access_log.hpp"

#include "proxy/ops/access_record_json.hpp"
#include "proxy/ops/line_queue.hpp"
#include "proxy/ops/log_output.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <pthread.h>
#include <signal.h>
#include <string_view>
#include <utility>

namespace limpet::ops {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using patience = line_queue::patience;

/// While it lives, new threads of this one begin with every signal blocked: signals are for the main thread,
/// and a write to a pipe without a reader is an error code, not a signal.
class signal_blocker {
public:
  signal_blocker() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signal_blocker() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  signal_blocker(const signal_blocker&) = delete;

private:
  sigset_t before_;
};

std::uint64_t count_lines(std::string_view text) noexcept {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

/// What the log, its sinks and its writer share.
struct access_log::shared {
  explicit shared(const limits& l) : most(l), queue(l.queue_bytes) {}

  void count_dropped(std::uint64_t records) noexcept {
    dropped.fetch_add(records, std::memory_order_relaxed);
  }
  void count_failure() noexcept { failed.fetch_add(1, std::memory_order_relaxed); }

  const limits most;
  line_queue queue;
  clock::time_point stop_by{}; ///< set before `stopping`
  std::atomic<bool> stopping{false};
  std::atomic<bool> reopen_asked{false};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> failed{0};
  std::promise<void> ended; ///< by the writer
};

// -- the writer -------------------------------------------------------

class access_log::writer final : log_output::waiter {
public:
  writer(std::shared_ptr<shared> with, log_output output)
      : shared_(std::move(with)), output_(std::move(output)) {}

  /// Until stopping and the queue is empty, or stopping and the time for it is up.
  void run();

private:
  bool wait_writable(int fd) override;
  void wait_for_work();
  void write_out(std::string_view lines);
  void reopen();
  milliseconds left() const;

  std::shared_ptr<shared> shared_;
  log_output output_;
};

void access_log::writer::run() {
  for (;;) {
    const bool last = shared_->stopping;
    if (shared_->reopen_asked.exchange(false)) reopen();
    if (const auto lines = shared_->queue.take(); !lines.empty()) {
      write_out(lines);
      shared_->queue.release();
      continue;
    }
    if (last) break;
    wait_for_work();
  }
  if (output_.in_a_line()) shared_->count_dropped(1);
}

void access_log::writer::write_out(std::string_view lines) {
  while (!lines.empty()) {
    const auto r = output_.write(lines, *this);
    lines = r.rest;
    if (r.how == log_output::end::interrupted && shared_->reopen_asked.exchange(false)) {
      reopen();
      continue;
    }
    if (r.how == log_output::end::refused) shared_->count_failure();
    if (r.how != log_output::end::done) break;
  }
  shared_->count_dropped(count_lines(lines));
}

void access_log::writer::reopen() {
  const auto r = output_.reopen();
  if (r.left_torn) shared_->count_dropped(1);
  if (r.error) shared_->count_failure();
}

void access_log::writer::wait_for_work() {
  pollfd p{shared_->queue.wake_fd(), POLLIN, 0};
  ::poll(&p, 1, -1);
  shared_->queue.clear_wake();
}

milliseconds access_log::writer::left() const {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(shared_->stop_by - clock::now()));
}

bool access_log::writer::wait_writable(int fd) {
  for (;;) {
    if (shared_->reopen_asked) return false;
    const bool stopping = shared_->stopping;
    if (stopping && left() == milliseconds(0)) return false;
    pollfd p[] = {{fd, POLLOUT, 0}, {shared_->queue.wake_fd(), POLLIN, 0}};
    ::poll(p, 2, stopping ? static_cast<int>(left().count()) : -1);
    if (p[1].revents != 0) shared_->queue.clear_wake();
    if (p[0].revents != 0) return true;
  }
}

// -- sinks ------------------------------------------------------------

class access_log::batch_sink final : public access_log::sink {
public:
  explicit batch_sink(std::shared_ptr<shared> with) : shared_(std::move(with)) {
    lines_.reserve(2 * shared_->most.batch_bytes);
  }
  ~batch_sink() override { hand_over(patience::wait_for_the_lock); }

  void write(const http::access_record& record) override {
    format_.append(lines_, record);
    ++records_;
    if (lines_.size() >= shared_->most.batch_bytes) hand_over(patience::none);
  }
  void flush() override { hand_over(patience::none); }

private:
  void hand_over(patience how_long) {
    if (records_ == 0) return;
    const auto answer = shared_->queue.submit(lines_, how_long);
    // Busy: the next record, or the timer, tries again, until there is too much to keep.
    if (answer == line_queue::answer::busy && lines_.size() < 2 * shared_->most.batch_bytes) return;
    if (answer != line_queue::answer::taken) shared_->count_dropped(records_);
    lines_.clear();
    records_ = 0;
  }

  std::shared_ptr<shared> shared_;
  access_record_writer format_;
  std::string lines_;
  std::uint64_t records_ = 0;
};

// -- access_log -------------------------------------------------------

access_log::access_log(const std::string& destination, limits most)
    : shared_(std::make_shared<shared>(most)) {
  log_output output(destination);
  const signal_blocker blocked;
  thread_ = std::thread([with = shared_, output = std::move(output)]() mutable {
    writer(with, std::move(output)).run();
    with->ended.set_value();
  });
  ::pthread_setname_np(thread_.native_handle(), "access-log");
}

access_log::~access_log() {
  stop();
}

std::unique_ptr<access_log::sink> access_log::make_sink() {
  return std::make_unique<batch_sink>(shared_);
}

void access_log::reopen() {
  shared_->reopen_asked = true;
  shared_->queue.wake();
}

void access_log::stop() {
  if (!thread_.joinable()) return;
  shared_->queue.close();
  shared_->stop_by = clock::now() + shared_->most.stop;
  shared_->stopping = true;
  shared_->queue.wake();
  // A little more than the writer gives itself. If it takes longer, the system holds back a write (a stopped
  // terminal, a dead file server), and the thread is left to it: it owns all that it uses.
  const auto ended = shared_->ended.get_future().wait_for(shared_->most.stop + milliseconds(250));
  if (ended == std::future_status::ready)
    thread_.join();
  else
    thread_.detach();
}

std::uint64_t access_log::dropped() const noexcept {
  return shared_->dropped;
}

std::uint64_t access_log::failed() const noexcept {
  return shared_->failed;
}

} // namespace limpet::ops
