#pragma once

#include "routing/ownership/acknowledgement_fsm.hpp"
#include "routing/ownership/limits.hpp"
#include "routing/ownership/mover_fsm.hpp"
#include "routing/ownership/record.hpp"
#include "routing/ownership/removal_fsm.hpp"
#include "routing/ownership/self_fence_fsm.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ownership {

/// One incarnation of this proxy in one pool that hands sessions over by a barrier: everything that it
/// decides, from what was read of the store, what the workers say, and the time. It reads and writes nothing
/// itself: the caller does what next() says, and tells what came of it, for each action once. An incarnation
/// ends for good; then the caller lets go of all that is in flight, and makes the next one.
class barrier_fsm {
public:
  struct settings {
    barrier_limits limits;
    mover_fsm::pace pace;
    duration turn = std::chrono::milliseconds(100);  ///< between two proxies that would do the same
    duration again = std::chrono::milliseconds(250); ///< after a failure
  };

  struct action {
    enum class kind : std::uint8_t {
      wait,          ///< until an event or wake_at()
      register_once, ///< create routers/ and alive/, both absent, and read view -> on_registered,
                     ///< on_register_failed
      read_self,     ///< routers/ and alive/ of this incarnation, and view -> on_self_read, on_failed
      read_members,  ///< -> on_members_read, on_failed
      read_barrier,  ///< -> on_barrier_read, on_failed
      write_record,  ///< to_write() over to_write_over() -> on_record_written, on_record_conflict, on_failed
      acknowledge, ///< acks/ = to_acknowledge(), guarded by own routers/ -> on_acknowledged, on_unregistered,
                   ///< on_failed
      remove,      ///< routers/ and acks/ of `router`, guarded -> on_removed, on_failed
    };
    kind what = kind::wait;
    std::string router; ///< of remove
  };

  barrier_fsm(std::string incarnation, std::size_t workers, const settings& s);
  void set_batch(duration batch) noexcept { mover_.set_batch(batch); }

  /// What is to be done now; to be asked until it says wait. What it says is taken to be begun at `now`, so
  /// that the caller sends no earlier than that.
  action next(boot_time now);
  boot_time wake_at() const noexcept;

  // Rule 1 and 2. `view` is the record that the transaction has read, of revision 0 where there is none.
  void on_registered(const record& view, boot_time now);
  void on_register_failed() noexcept { fence_.on_register_failed(); }
  void on_self_read(bool has_routers, bool has_alive, const record& view, boot_time now);
  /// A guarded write has found that `routers/` of this incarnation is gone.
  void on_unregistered() noexcept;
  /// It has left by a clean exit (rule 4).
  void on_left() noexcept { fence_.end(); }

  // What watches show: hints, but for records. `revision`: of the store, and nothing older is believed.
  void on_record(const record& r, boot_time now);
  void on_members_seen(std::vector<routing::member> members, std::uint64_t revision, boot_time now);
  void on_barrier_seen(std::vector<barrier_reading::router> routers, std::uint64_t revision, boot_time now);

  // What workers say; see acknowledgement_fsm::on_word.
  void on_word(std::size_t worker, std::uint64_t revision, bool none_left) noexcept;

  void on_members_read(std::vector<routing::member> members, std::uint64_t revision, boot_time now);
  /// `received`: when the reply was here. `view` is of the same revision of the store.
  void on_barrier_read(const barrier_reading& reading, const record& view, boot_time received);
  void on_record_written(std::uint64_t revision, boot_time now);
  void on_record_conflict() noexcept { mover_.on_conflict(); }
  void on_acknowledged() noexcept { acknowledgement_.on_written(); }
  void on_removed(const std::string& router) noexcept;
  /// Of any action but register_once.
  void on_failed(const action& a, boot_time now) noexcept;

  const std::string& incarnation() const noexcept { return incarnation_; }
  bool ended() const noexcept { return fence_.now() == self_fence_fsm::state::ended; }
  bool registered() const noexcept { return fence_.now() == self_fence_fsm::state::registered; }
  /// The record to give to the workers.
  const record& held() const noexcept { return mover_.head(); }
  /// Each byte to a member of the pool is written before this. long_ago before every worker has applied the
  /// record of the registration or a newer one: commits from before did not wait for this incarnation.
  boot_time serve_until() const noexcept;
  /// Of write_record: what to write, and over which mod_revision of `view`; 0: over none. To be taken when
  /// next() has said so.
  const record& to_write() const noexcept { return mover_.written(); }
  std::uint64_t to_write_over() const noexcept { return mover_.written_over(); }
  /// Of acknowledge.
  std::uint64_t to_acknowledge() const noexcept { return acknowledgement_.to_write(); }
  /// Whom a hand-off waits for, as the last look at the store had it: incarnations of the barrier set that
  /// have not acknowledged the record held.
  std::vector<std::string_view> waits_for() const;
  /// Workers of this proxy that have not drained it.
  std::size_t workers_waited_for() const noexcept { return acknowledgement_.waits_for(); }
  bool acknowledged() const noexcept { return acknowledgement_.is_written(); }

private:
  void look_at_barrier(boot_time now);
  bool wants_barrier_read(boot_time now) const noexcept;
  duration turn_among(const std::vector<barrier_reading::router>& routers) const;

  const std::string incarnation_;
  const settings settings_;
  self_fence_fsm fence_;
  acknowledgement_fsm acknowledgement_;
  mover_fsm mover_;
  std::map<std::string, removal_fsm, std::less<>> removals_;
  std::vector<barrier_reading::router> routers_; ///< the newest that a watch or a read had
  std::uint64_t routers_rev_ = 0;
  bool reads_barrier_ = false;
  bool has_unread_death_ = false; ///< routers_ shows a dead one that no read has confirmed
  boot_time barrier_again_ = long_ago;
  std::uint64_t first_record_ = 0; ///< of the registration
};

} // namespace limpet::ownership
