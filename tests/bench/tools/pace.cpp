// bench_pace RATE CONNECTIONS SESSIONS PORT...: so many requests a second, whatever the answers take, spread
// over the ports of proxies, until stdin ends. Each connection is one session's. RATE 0: as many as come
// back.
//
// SESSIONS is a file with a session and its member in each line. A request that fails, and an answer of
// another member, is told at once, with CLOCK_MONOTONIC's time of when it was begun:
//
//   failed SESSION SECONDS WHAT        stray SESSION SECONDS MEMBER
//
// Each line on stdin is answered by a line of JSON: how many were answered since the one before, and how many
// of them within how many tenths of a millisecond.

#include "tests/bench/tools/pace_lane.hpp"
#include "tests/bench/tools/sockets.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <vector>

namespace limpet::bench {

namespace {

std::vector<pace_session> read_sessions(const char* path) {
  std::ifstream file(path);
  std::vector<pace_session> sessions;
  for (pace_session s; file >> s.name >> s.member;)
    sessions.push_back(s);
  if (sessions.empty()) fail(path);
  return sessions;
}

void tell(pace_tally& tally) {
  std::printf("{\"answers\": %llu, \"tenths_ms\": {", static_cast<unsigned long long>(tally.answers));
  const char* separator = "";
  for (const auto& [tenths, count] : tally.tenths_ms) {
    std::printf("%s\"%llu\": %llu", separator, static_cast<unsigned long long>(tenths),
                static_cast<unsigned long long>(count));
    separator = ", ";
  }
  std::printf("}}\n");
  std::fflush(stdout);
  tally = {};
}

/// How long nothing is due; at most an hour, where all wait for answers.
timespec time_left(const std::vector<pace_lane>& lanes, pace_clock::time_point now) {
  pace_clock::duration left = std::chrono::hours(1);
  for (const auto& lane : lanes)
    if (!lane.is_waiting()) left = std::min(left, lane.due() - now);
  const auto ns = std::max<std::int64_t>(std::chrono::nanoseconds(left).count(), 0);
  return {ns / 1'000'000'000, ns % 1'000'000'000};
}

void run(std::vector<pace_lane>& lanes) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, nullptr);
  pace_tally tally;
  std::array<epoll_event, 256> events;
  for (;;) {
    const auto now = pace_clock::now();
    for (auto& lane : lanes)
      lane.turn(now, epoll);
    const auto left = time_left(lanes, now);
    const int n = ::epoll_pwait2(epoll, events.data(), events.size(), &left, nullptr);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.ptr) {
        static_cast<pace_lane*>(events[i].data.ptr)->on_readable(tally);
        continue;
      }
      std::array<char, 64> ignored;
      if (::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0) return;
      tell(tally);
    }
  }
}

} // namespace

} // namespace limpet::bench

int main(int argc, char** argv) {
  using namespace limpet::bench;
  if (argc < 5) {
    std::fprintf(stderr, "usage: bench_pace RATE CONNECTIONS SESSIONS PORT...\n");
    return 2;
  }
  const auto rate = std::string_view(argv[1]) == "0" ? 0 : number_from(argv[1], 10'000'000);
  const auto connections = number_from(argv[2], 10'000);
  const auto sessions = read_sessions(argv[3]);
  const auto first = pace_clock::now();
  const auto every = std::chrono::nanoseconds(rate > 0 ? 1'000'000'000 * connections / rate : 0);
  std::vector<pace_lane> lanes;
  for (std::size_t i = 0; i < connections; ++i) {
    const auto port =
        static_cast<std::uint16_t>(number_from(argv[4 + i % static_cast<std::size_t>(argc - 4)], 65'535));
    lanes.emplace_back(port, sessions[i % sessions.size()], first + every * i / connections, every);
  }
  run(lanes);
}
