// bench_flood KEY=VALUE...: many connections that ask too much of a proxy, or too little of themselves.
//
//   port=N          where to, on 127.0.0.1; needed
//   open=N          connections at once; needed
//   total=N         in all: one that ends is followed by another, and the flood ends with the last; default:
//   open sources=N       spread over 127.0.0.2 and the addresses after it; default 1 send=FILE       what
//   each sends as soon as it is open; default: nothing drip=FILE       and what it sends again and again
//   after that, every_ms=N apart read=all|none|N what comes: all of it at once, nothing, or N bytes every_ms;
//   default all narrow=1        a small window and small segments, so that little of an answer waits in the
//   kernel vanish=1        at the end no FIN and no RST is sent, as by a host that lost its power (needs
//   CAP_NET_ADMIN)
//
// Prints "open N" once all of them are open or refused. Each line on stdin is answered by a line of JSON that
// says what has become of them; the end of stdin ends the flood, with the same line.

#include "tests/bench/tools/flood_connection.hpp"
#include "tests/bench/tools/sockets.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <vector>

namespace limpet::bench {

namespace {

using clock = std::chrono::steady_clock;

/// More at once would fill the proxy's accept queue, and the kernel would have them wait for a second.
constexpr std::size_t connecting_max = 256;

class flood {
public:
  explicit flood(const flood_options& options) : options_(options), connections_(options.open) {}
  void run();

private:
  void fill();
  void open_next(flood_connection& c);
  void on_event(flood_connection& c, std::uint32_t events);
  void after(flood_connection& c);
  bool answer_stdin();
  void drip();
  void report() const;
  bool is_over() const { return options_.total > options_.open && ended_ == options_.total; }

  const flood_options& options_;
  flood_tally tally_;
  const int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<flood_connection> connections_;
  std::deque<flood_connection*> free_; ///< of those that are to be opened
  std::size_t begun_ = 0;
  std::size_t settled_ = 0; ///< open, or over before they were
  std::size_t connecting_ = 0;
  std::size_t ended_ = 0;
  clock::time_point drip_due_ = clock::now();
};

void flood::open_next(flood_connection& c) {
  c.open(options_, begun_++);
  ++connecting_;
  watch(epoll_, EPOLL_CTL_ADD, c.fd(), EPOLLOUT, &c);
}

void flood::fill() {
  while (!free_.empty() && begun_ < options_.total && connecting_ < connecting_max) {
    auto& c = *free_.front();
    free_.pop_front();
    open_next(c);
  }
}

void flood::run() {
  for (auto& c : connections_)
    free_.push_back(&c);
  watch(epoll_, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, nullptr);
  std::array<epoll_event, 512> events;
  while (!is_over()) {
    fill();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(drip_due_ - clock::now());
    const int wait =
        options_.every.count() > 0 ? static_cast<int>(std::max<std::int64_t>(left.count(), 0)) : -1;
    const int n = ::epoll_wait(epoll_, events.data(), events.size(), wait);
    for (int i = 0; i < n; ++i) {
      if (!events[i].data.ptr) {
        if (!answer_stdin()) return report();
      } else {
        on_event(*static_cast<flood_connection*>(events[i].data.ptr), events[i].events);
      }
    }
    if (options_.every.count() > 0 && clock::now() >= drip_due_) drip();
  }
  report();
}

void flood::on_event(flood_connection& c, std::uint32_t events) {
  if (!c.is_open() && !c.is_connecting()) return; // it ended earlier in this turn
  const bool was_connecting = c.is_connecting();
  c.on_event(events, options_, tally_);
  if (was_connecting) {
    --connecting_;
    if (++settled_ == options_.open) {
      std::printf("open %zu\n", settled_);
      std::fflush(stdout);
    }
  }
  after(c);
}

void flood::after(flood_connection& c) {
  if (c.is_open()) {
    if (c.interest_changed(options_)) watch(epoll_, EPOLL_CTL_MOD, c.fd(), c.interest(), &c);
    return;
  }
  c.close();
  ++ended_;
  free_.push_back(&c);
}

void flood::drip() {
  drip_due_ = clock::now() + options_.every;
  for (auto& c : connections_) {
    if (!c.is_open()) continue;
    c.on_drip(options_, tally_);
    after(c);
  }
}

/// False at its end.
bool flood::answer_stdin() {
  std::array<char, 256> ignored;
  if (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {
    report();
    return true;
  }
  if (options_.vanish)
    for (auto& c : connections_)
      c.vanish();
  return false;
}

void flood::report() const {
  const auto open =
      std::count_if(connections_.begin(), connections_.end(), [](auto& c) { return c.is_open(); });
  std::printf("{\"begun\": %zu, \"open\": %td, \"ended\": %zu, %s}\n", begun_, open, ended_,
              tally_.json().c_str());
  std::fflush(stdout);
}

} // namespace

} // namespace limpet::bench

int main(int argc, char** argv) {
  limpet::bench::flood_options options;
  for (int i = 1; i < argc; ++i)
    options.set(argv[i]);
  if (options.port == 0 || options.open == 0) {
    std::fprintf(stderr, "usage: bench_flood port=N open=N [KEY=VALUE...]; the keys stand in flood.cpp\n");
    return 2;
  }
  options.total = std::max(options.total, options.open);
  const auto f = std::make_unique<limpet::bench::flood>(options);
  f->run();
}
