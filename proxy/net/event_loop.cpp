#include "proxy/net/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace limpet::net {

namespace {

/// Events that are taken from the system at a time.
constexpr std::size_t events_max = 256;
/// Of those who may begin something new, how many have their turn before the system is asked again whether
/// something that was begun can go on. Measured: see tests/bench/README.md.
constexpr int fresh_max = 16;

unique_fd made(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return unique_fd(fd);
}

} // namespace

event_loop::event_loop()
    : epoll_(made(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(made(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")), wheel_(clock::now()) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

event_loop::~event_loop() = default;

bool event_loop::watch(event_source& source) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &source;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, source.fd(), &event) == 0;
}

void event_loop::enqueue(event_source& source, turn t) noexcept {
  // Whoever has its place keeps it, or a listener of which there is news all the time never had its turn.
  source_link& link = source;
  if (link.next && source.place_ == t) return;
  link.unlink(); // from the other list
  source.place_ = t;
  (t == turn::fresh ? fresh_ : at_once_).push_back(source);
}

void event_loop::run() {
  while (!stopped_.load(std::memory_order_relaxed))
    run_once(wheel_.until_next());
  stopped_ = false;
}

void event_loop::run_once(milliseconds most) {
  const bool is_idle = at_once_.empty() && running_.empty() && fresh_.empty() && deferred_.empty();
  collect(is_idle ? most : milliseconds::zero());
  run_deferred(); // what was posted, before anybody acts on what he knew until then
  run_at_once();
  run_fresh();
  run_deferred();
}

void event_loop::stop() noexcept {
  stopped_ = true;
  wake();
}

void event_loop::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void event_loop::post(std::function<void()> task) {
  bool is_first;
  {
    const std::lock_guard lock(posted_mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (is_first) wake();
}

/// Nobody is called between asking the system and hanging its answer into the lists: a source that goes takes
/// itself out of them.
void event_loop::collect(milliseconds most) {
  std::array<epoll_event, events_max> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), events_max,
                                 static_cast<int>(std::max(most.count(), std::int64_t{0})));
  bool is_posted = false;
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (auto* source = static_cast<event_source*>(event.data.ptr))
      source->note(event.events);
    else
      is_posted = true;
  }
  wheel_.advance(clock::now());
  if (is_posted) run_posted();
}

void event_loop::run_posted() {
  std::uint64_t ignored;
  [[maybe_unused]] const auto read = ::read(wake_.get(), &ignored, sizeof ignored);
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  // What one of them throws must not cost the others their turn.
  for (auto& task : tasks)
    deferred_.push_back(std::move(task));
}

void event_loop::run_deferred() {
  if (deferred_.empty()) return;
  std::vector<std::function<void()>> tasks;
  tasks.swap(deferred_);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    try {
      tasks[i]();
    } catch (...) {
      deferred_.insert(deferred_.begin(),
                       std::make_move_iterator(tasks.begin() + static_cast<std::ptrdiff_t>(i) + 1),
                       std::make_move_iterator(tasks.end()));
      throw;
    }
  }
}

/// Those who come to wait meanwhile have their turn after the system was asked again.
void event_loop::run_at_once() {
  running_.take_all(at_once_);
  while (!running_.empty())
    call_due(running_.pop_front());
}

void event_loop::run_fresh() {
  for (int i = 0; i < fresh_max && !fresh_.empty(); ++i)
    call_due(fresh_.pop_front());
}

/// The source may be gone when the call returns.
void event_loop::call_due(event_source& source) {
  if (source.writer_is_due()) {
    const auto writer = std::exchange(source.writer_, {});
    source.writer_woken_ = false;
    source.take_turn(); // the reader may be due as well
    writer.call(writer.context);
  } else if (source.reader_is_due()) {
    const auto reader = std::exchange(source.reader_, {});
    source.reader_woken_ = false;
    reader.call(reader.context);
  }
}

} // namespace limpet::net
