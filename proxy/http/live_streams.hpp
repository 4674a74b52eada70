#pragma once

#include "proxy/http/departures.hpp"
#include "proxy/http/live_stream.hpp"
#include "proxy/http/snapshot.hpp"
#include "proxy/http/stream_list.hpp"
#include "proxy/net/counters.hpp"
#include "routing/following.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace limpet::http {

class live_streams;
class worker_state;
struct pool_streams;

/// What one worker has under way with one member.
struct member_streams {
  member_streams(live_streams& of_worker, pool_streams& of, const net::member_target& member);

  live_streams& owner;
  pool_streams& pool;
  const std::uint32_t number;
  const std::uint32_t label;
  std::uint32_t place = 0; ///< in pool_streams::members
  stream_list all{0};
  std::uint32_t counts[stream_kinds]{};      ///< by stream_kind
  net::deadline deadline;                    ///< of what is left, since it left the view or began to drain
  net::clock::time_point until{};            ///< when that is
  bool is_over = false;                      ///< the deadline has passed, and what is left is being cut
  bool is_queued = false;                    ///< for a scan
  std::uint64_t as_of = 0;                   ///< the snapshot in which its index was looked up
  std::uint32_t index = routing::view::npos; ///< in that one's view; npos: it is not there
};

/// What one worker has under way in one pool.
struct pool_streams {
  pool_streams(live_streams& of_worker, const pool_snapshot& pool);

  live_streams& owner;
  const std::uint32_t number;
  const pool_snapshot* now = nullptr; ///< of the worker's snapshot; null: the configuration has it no more
  std::uint64_t as_of = 0;            ///< the last snapshot that had it
  std::uint64_t arrivals = 0;         ///< pool_snapshot::arrivals of that one
  config::removal_settings on_remove; ///< the last that it had
  config::rebalance_settings rebalance;
  std::shared_ptr<pool_state> state;
  std::shared_ptr<const net::write_fence> fence; ///< strict: the last that it had
  std::uint64_t recoveries = 0;                  ///< of `state`, as far as those away were looked at for them
  std::vector<member_streams*> members;
  std::vector<std::uint32_t> left; ///< numbers of members that left the view, until they have no streams
  stream_list away{1};             ///< tunnels and event streams whose owner could not be reached
  departures leaving{live_stream::phase::leaves};
  departures moving{live_stream::phase::moves};
  std::uint64_t record = 0;         ///< strict: the revision of what was applied last
  net::clock::time_point move_by{}; ///< strict: when whoever it moves is to have been let go
  bool is_away_queued = false, is_leaving_queued = false, is_moving_queued = false;
  unsigned jobs = 0; ///< that are queued and refer to it
};

/// What one worker has under way, by pool and member, and what becomes of it when members come and go. A
/// change of the view touches only the streams that it concerns; where that may be any, they are looked at in
/// slices, between which the others have their turn.
class live_streams {
public:
  explicit live_streams(worker_state& worker) noexcept : worker_(worker) {}
  live_streams(const live_streams&) = delete;

  struct listing {
    const pool_snapshot& pool;
    const net::member_target& member;
    std::uint64_t snapshot; ///< the number of the one that the stream was placed by
    stream_kind kind;
    bool away = false; ///< it failed over; tells of tunnels and event streams only
  };

  /// From the moment that its member is chosen until it is removed. A few instructions, unless the snapshot
  /// is not the worker's any more: then its placement is looked at again, which may let it go at once.
  void add(live_stream& s, const listing& l) {
    const auto known = members_.find(l.member.number);
    auto& m = known != members_.end() ? known->second : enter(l);
    s.member_ = &m;
    s.kind_ = l.kind;
    s.phase_ = live_stream::phase::bound;
    m.all.add(s);
    ++m.counts[static_cast<std::size_t>(l.kind)];
    if (l.snapshot != snapshot_ || l.away) [[unlikely]]
      look_at_late(s, l.away);
  }
  /// A request that turned out to be an event stream.
  void becomes_event_stream(live_stream& s, std::uint64_t snapshot, bool away);
  void remove(live_stream& s) noexcept {
    auto& m = *std::exchange(s.member_, nullptr);
    m.all.remove(s);
    --m.counts[static_cast<std::size_t>(s.kind_)];
    if (s.kind_ != stream_kind::request) forget(s, m.pool);
  }

  /// The worker routes by this one from now on; it stays until the next.
  void publish(const snapshot& s);
  /// Ends all of a pool at once: the proxy may not serve it any more.
  void end_all(std::uint32_t pool);
  /// The same for tunnels and event streams; requests have on_remove.deadline for their answers.
  void end_endless(std::uint32_t pool);
  /// Whether members answer again whose sessions had failed over. To be asked some times a second.
  void look_for_recoveries();
  /// The gauges.
  void sample(net::counter_shard& into) const;

private:
  /// What is done in slices.
  struct job {
    enum class what : std::uint8_t { scan_member, scan_away, release_leaving, release_moving };
    what kind;
    pool_streams* pool;
    member_streams* member = nullptr;
  };
  class slice;

  // live_streams.cpp: the index, and whom a change of the view concerns
  member_streams& enter(const listing& l);
  pool_streams& pool_of(const pool_snapshot& placed_by);
  void adopt(pool_streams& p, const pool_snapshot& pool);
  void lose(pool_streams& p);
  void turn(member_streams& m);
  void set_deadline(member_streams& m) noexcept;
  std::uint32_t index_of(member_streams& m) const noexcept;
  void sweep(pool_streams& p);
  static void on_deadline(void* member) noexcept;

  // live_streams_follow.cpp: what becomes of each
  void look_at_late(live_stream& s, bool away);
  void look_at(live_stream& s);
  routing::followed ask(const live_stream& s) const;
  void leave(live_stream& s, parting why);
  void wait_in(departures& waiting, live_stream& s);
  static void stop_waiting(live_stream& s, pool_streams& p) noexcept;
  void stop_waiting(live_stream& s) noexcept { stop_waiting(s, s.member_->pool); }
  template <class What>
  void for_all(std::uint32_t pool, What what);
  net::milliseconds rest_of(const member_streams& m) const noexcept;
  void forget(live_stream& s, pool_streams& p) noexcept;
  void part(live_stream& s, parting why, net::milliseconds within);
  void end(live_stream& s, parting why);

  // live_streams_jobs.cpp: when
  void begin(const job& j);
  static bool& is_queued(const job& j) noexcept;
  void defer_slice();
  void run_slice();
  bool advance(const job& j, slice& now);
  bool scan(stream_list& list, slice& now);
  bool release(pool_streams& p, departures& waiting, slice& now);
  void arm(pool_streams& p, departures& waiting);
  net::clock::duration left_to_move(const pool_streams& p) const noexcept;
  departure_pace::settings pace_of(const pool_streams& p, const departures& waiting) const noexcept;
  static pacer& pacer_of(const pool_streams& p, const departures& waiting) noexcept;
  static void on_leaving_due(void* pool) noexcept;
  static void on_moving_due(void* pool) noexcept;

  worker_state& worker_;
  const snapshot* now_ = nullptr;
  std::uint64_t snapshot_ = 0; ///< its number
  std::unordered_map<std::uint32_t, pool_streams> pools_;
  std::unordered_map<std::uint32_t, member_streams> members_;
  std::deque<job> jobs_;
  bool is_slice_due_ = false;
};

inline live_stream::~live_stream() {
  if (member_) member_->owner.remove(*this);
}

} // namespace limpet::http
