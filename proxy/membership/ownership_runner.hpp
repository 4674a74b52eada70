#pragma once

#include "proxy/membership/etcd/watcher.hpp"
#include "proxy/membership/ownership_source.hpp"
#include "proxy/membership/ownership_store.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace limpet::membership {

/// What an ownership_source does; kept alive by its coroutines. Part of it alone.
///   ownership_runner.cpp    incarnations of this process, one after the other, and what the watch shows
///   ownership_actions.cpp   what barrier_fsm asks for, in etcd
class ownership_source::runner : public std::enable_shared_from_this<runner> {
public:
  runner(boost::asio::any_io_executor executor, std::shared_ptr<etcd::client> client, options what);

  void start(publish_function publish);
  void stop();
  void configure(const config::barrier_settings& barrier);
  void on_word(const net::strict_word& word);
  void leave(std::function<void()> left, ownership::duration within);
  void leave_within(ownership::duration limit);
  source_status status() const;
  std::vector<operator_drain> drains() const { return seen_.members().drains(); }
  handoff_status handoff() const;

private:
  using action = ownership::barrier_fsm::action;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  // ownership_runner.cpp
  /// `is_certain`: nothing can be in flight any more, whatever the workers say.
  void end_leave(bool is_certain = false);
  void set_fence();
  /// The workers are told first, and let go of whatever they have; the registration follows their words.
  void begin_incarnation();
  void pump();
  void end_incarnation(std::string_view why);
  void hold(const ownership::record& r);
  void publish();
  void arm(ownership::boot_time at);
  void on_update(const std::vector<etcd::change>& changes, const etcd::watch_status& status);
  /// Hints, but for the record; and what was seen before the registration counts after it.
  void tell_what_was_seen();
  void look_at_complaints();
  /// Nobody is served: what the store says cannot be relied on.
  void halt(std::string why);
  /// For good.
  void stop_for_restore();

  // ownership_actions.cpp
  static awaitable<void> delete_keys(std::shared_ptr<runner> self, std::string incarnation,
                                     std::int64_t lease, std::function<void()> left);
  void spawn(const action& a);
  /// Whether the one who asked is still there to hear.
  bool is_current(std::uint64_t incarnation) const;
  void failed(const action& a, const etcd::error& reason);
  /// False where the pool stops for what was found: foreign or damaged values, or a store that has fallen
  /// behind `known`, which is known_revision_ when the read was sent, or is another.
  bool believes(const ownership_store::reading& found, std::uint64_t known);
  /// The first that is heard of stays.
  bool is_of_known_cluster(std::uint64_t id) noexcept;
  static awaitable<void> perform(std::shared_ptr<runner> self, action a, std::uint64_t incarnation);
  awaitable<void> register_incarnation(std::uint64_t incarnation);
  /// Deletes the keys of an incarnation by which nothing is in flight.
  awaitable<void> take_back(std::string name);
  /// The next incarnation tries it again, and not at once.
  awaitable<void> register_failed(etcd::error reason, std::uint64_t incarnation);
  awaitable<void> read_self(action a, std::uint64_t incarnation);
  awaitable<void> read_members(action a, std::uint64_t incarnation);
  awaitable<void> read_barrier(action a, std::uint64_t incarnation);
  awaitable<void> write_record(action a, std::uint64_t incarnation);
  awaitable<void> acknowledge(action a, std::uint64_t incarnation);
  awaitable<void> remove(action a, std::uint64_t incarnation);
  static awaitable<void> keep_lease(std::shared_ptr<runner> self, std::int64_t lease, ownership::duration ttl,
                                    std::uint64_t incarnation);
  static awaitable<void> revoke(std::shared_ptr<runner> self, std::int64_t lease);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<etcd::client> client_;
  options options_;
  ownership_store store_;
  ownership_table seen_;
  std::optional<etcd::watcher> watcher_;
  publish_function publish_;
  std::shared_ptr<net::write_fence> fence_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer lease_timer_;
  boost::asio::steady_timer leave_timer_;
  std::optional<ownership::barrier_fsm> fsm_; ///< none while workers let go, and while the pool is stopped
  std::vector<std::optional<net::strict_word>> words_; ///< the last of each worker, of this incarnation
  std::uint64_t incarnation_ = 0;
  bool was_registered_ = false;
  std::int64_t lease_ = 0;
  ownership::record held_;
  ownership::boot_time prepared_since_ = ownership::long_ago;
  std::chrono::milliseconds last_handoff_{0};
  std::uint64_t commits_ = 0;
  std::uint64_t restores_ = 0;
  std::uint64_t known_revision_ = 0; ///< the newest that a linearizable read was of
  std::uint64_t cluster_id_ = 0;     ///< etcd's
  std::uint64_t lapses_ = 0;         ///< how often the fence's time was over
  bool was_restored_ = false;
  std::uint64_t errors_ = 0;
  std::string last_error_;
  std::string halted_;
  bool has_published_ = false;
  bool is_stopped_ = false;
  std::function<void()> left_; ///< who waits for the clean exit
};

} // namespace limpet::membership
