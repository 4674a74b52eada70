#pragma once

#include "proxy/net/member_target.hpp"
#include "proxy/net/stream.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace limpet::net {

class upstream_pool;

/// A connection to a member, on loan to one exchange or idle in its pool. Destroying it closes it.
class upstream_connection {
public:
  upstream_connection(unique_fd socket, upstream_pool& pool, const member_target& member);
  ~upstream_connection();
  upstream_connection(const upstream_connection&) = delete;

  stream io;
  bool reused = false; ///< has carried a request before this one: its failure may only mean that it was stale

  std::uint32_t member_number() const noexcept { return member_number_; }

  /// Counted as busy until it is given back or closed, if it is not yet: a tunnel or an event stream may see
  /// settings come that ask for how much there is.
  void stays_busy() noexcept;

private:
  friend class upstream_pool;
  void set_not_busy() noexcept;

  upstream_pool& pool_;
  std::uint32_t member_number_;
  std::shared_ptr<reachability> shared_;
  deadline idle_;
  bool is_idle_ = false;
  bool is_counted_busy_ = false;
};

using upstream_ptr = std::unique_ptr<upstream_connection>;

struct dial_result {
  upstream_ptr connection; ///< empty on error
  error_code error;
};

/// One worker's connections to members: dials, keeps the idle ones, last used first out, and drops those that
/// turn readable, closed or old as soon as it hears of it. Keyed by the member's number, so that a member
/// that restarted, even at the same address, never gets a connection of the one before.
class upstream_pool {
public:
  explicit upstream_pool(event_loop& loop) : loop_(loop) {}
  upstream_pool(const upstream_pool&) = delete;

  /// How much is done to find out whether an idle connection is still good.
  enum class check : std::uint8_t {
    heard, ///< the loop has not heard of its end: enough where the request can be sent once more
    asked  ///< the system is asked as well
  };
  /// An idle connection that is still good, or nothing.
  upstream_ptr take(const member_target& member, check how = check::asked) noexcept;

  /// A fresh connection: tries the endpoints in order within `timeout` altogether. Errors: as connect(2),
  /// timed_out, or host_not_found where there is no endpoint.
  task<dial_result> dial(const member_target& member, milliseconds timeout);

  /// Back from an exchange whose answer was cleanly framed. Kept for `idle`, at most `idle_max` a member.
  void give_back(upstream_ptr connection, milliseconds idle, std::uint32_t idle_max);

  /// Drops the idle connections of members for which `keep` is false.
  template <class Keep>
  void drop_members(Keep keep) {
    std::erase_if(idle_, [&](auto& entry) { return !keep(entry.first); });
  }
  void drop_all() noexcept { idle_.clear(); }

  std::size_t idle_count() const noexcept { return idle_count_; }
  std::size_t open_count() const noexcept { return open_count_; }

private:
  friend class upstream_connection;
  static void on_idle_expired(void* connection) noexcept;
  static void on_idle_readable(void* connection) noexcept;
  void drop(upstream_connection& idle) noexcept;

  event_loop& loop_;
  std::size_t idle_count_ = 0;
  std::size_t open_count_ = 0;
  std::unordered_map<std::uint32_t, std::vector<upstream_ptr>> idle_;
};

} // namespace limpet::net
