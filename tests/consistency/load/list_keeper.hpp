#pragma once

#include "tests/consistency/load/line_log.hpp"
#include "tests/consistency/load/list_file.hpp"
#include "tests/consistency/load/operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <unordered_map>

namespace limpet::load {

/// What a stateful service is: lists in memory, written through to a store behind all members. It trusts its
/// memory for as long as nobody tells it of a newer epoch; so with two owners at once appends are lost and
/// reads are stale, and with one at a time they never are.
class list_keeper {
public:
  struct settings {
    std::string owner; ///< `id/incarnation`, in the log
    std::chrono::microseconds work_max{0};
    double slow_share = 0; ///< of operations, which take `slow_work`
    std::chrono::microseconds slow_work{0};
  };

  list_keeper(boost::asio::any_io_executor executor, settings s, list_file store, line_log& log);

  /// The session's list once `o` was executed. Those of one session are executed one after the other. One
  /// that has begun goes on to its end, whether or not anybody still waits for it.
  boost::asio::awaitable<list> execute(operation o, std::uint64_t epoch);

private:
  using timer = boost::asio::steady_timer;

  /// In memory for as long as this member lives: a test's sessions are some thousands.
  struct session {
    bool is_cached = false;
    bool is_busy = false;
    std::uint64_t epoch = 0;
    list values;
    std::deque<timer*> waiting;
  };

  boost::asio::awaitable<void> enter(session& s);
  static void leave(session& s);
  void tell(char what, const operation& o, std::uint64_t epoch);
  std::chrono::microseconds work();

  boost::asio::any_io_executor executor_;
  settings settings_;
  list_file store_;
  line_log& log_;
  std::minstd_rand random_{std::random_device{}()};
  std::unordered_map<std::string, session> sessions_;
};

} // namespace limpet::load
