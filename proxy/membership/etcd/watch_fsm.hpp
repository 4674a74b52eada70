#pragma once

#include "proxy/membership/etcd/error.hpp"
#include "proxy/membership/etcd/messages.hpp"
#include "proxy/membership/etcd/rotation.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace limpet::etcd {

/// One key's new value, or that it is gone.
struct change {
  std::string key;
  std::optional<std::string> value; ///< nothing: removed
  std::int64_t revision = 0; ///< of the change; of a removal found by a list, the list's: an upper bound
  std::int64_t create_revision = 0; ///< of the key as it now is; 0 where removed

  friend bool operator==(const change&, const change&) = default;
};

/// How well a range of keys is known.
struct watch_status {
  bool listed = false;           ///< a list was read at least once
  std::uint64_t cluster_id = 0;  ///< etcd's, of the last list
  bool stale = false;            ///< the last attempt to list failed: the store is out of reach
  std::int64_t revision = 0;     ///< the newest of the store that was seen
  std::int64_t known_until = 0;  ///< every change up to this revision was told
  std::uint64_t differences = 0; ///< changes that a re-list found and that the watch did not tell
  std::uint64_t restores = 0;    ///< times the store went back in time, or became another cluster
  std::uint64_t overflows = 0;   ///< keys left out because there were more than `keys_max`
  std::uint64_t errors = 0;      ///< failed lists and watches
  std::string last_error;

  friend bool operator==(const watch_status&, const watch_status&) = default;
};

/// The logic of following a range of keys, without I/O or clock: list, watch from the list's revision + 1,
/// list again when the watch ends for whatever reason (compaction, cancel, broken connection), and list again
/// every `relist` while it is open, since etcd 3.4 and 3.5 are known to lose deletes near a compaction.
///
/// Each event returns the step to take. At most one list, one watch and one timer are ever under way; opening
/// a watch or arming the timer ends the one before, and what an ended one still delivers must not be handed
/// in.
class watch_fsm {
public:
  using milliseconds = std::chrono::milliseconds;

  struct options {
    milliseconds relist{45'000};    ///< between two lists while the watch is open, give or take a tenth
    milliseconds settle{2'000};     ///< how long the watch has to tell what a re-list already showed
    milliseconds retry_first{100};  ///< wait after a first failure; doubles
    milliseconds retry_last{5'000}; ///< longest wait between two attempts
    std::size_t keys_max = 20'000;  ///< more keys than this are left out, and counted
  };

  struct step {
    bool close_watch = false;
    bool list = false;                        ///< start to list
    std::optional<std::int64_t> open_watch{}; ///< from this revision on
    std::optional<milliseconds> timer{};      ///< arm, or arm anew
    std::vector<change> changes{};            ///< to be told to the observer, in this order
  };

  watch_fsm(const options& settings, std::uint32_t seed);

  step start();
  step listed(const range_response& list);
  step list_failed(const error& reason);
  step watched(const watch_response& response);
  step watch_failed(const error& reason);
  step timer_expired();
  /// Somebody has to know the range as it is now: begins a list, unless one is under way.
  step refresh();

  const watch_status& status() const noexcept { return status_; }
  bool is_listing() const noexcept { return state_ == state::listing || relisting_; }

private:
  enum class state : std::uint8_t {
    idle,      ///< not started
    listing,   ///< no watch
    following, ///< a watch is open or being opened; perhaps a re-list too
    waiting,   ///< for the next attempt to list; no watch
  };

  step begin_to_list();
  step list_anew();
  step list_beside_the_watch();
  step wait_and_list(const error& reason);
  step begin_to_follow(std::int64_t list_revision);
  step settle_differences();
  void note_error(const error& reason);
  bool is_other_history(const response_header& header) const;
  std::vector<change> take_over(const range_response& list, bool other_history);
  void keep_what_is_newer(std::int64_t revision, std::map<std::string, std::int64_t>& before);
  std::optional<milliseconds> expect_from_watch(const std::vector<change>& found);
  void apply(const watch_event& event, std::vector<change>& changes);
  void tick_off(const watch_event& event);
  void take(const key_value& kv, std::vector<change>& changes);
  bool has_room_for(const std::string& key);

  options options_;
  backoff backoff_;
  std::minstd_rand random_;
  watch_status status_;
  state state_ = state::idle;
  bool relisting_ = false;
  std::int64_t known_before_list_ = 0;        ///< status_.known_until when the list under way began
  std::int64_t list_revision_ = 0;            ///< events up to this one are in the list already
  std::map<std::string, std::int64_t> known_; ///< key to mod_revision
  /// What the watch told while a re-list was under way: the list may have been read before it.
  std::map<std::string, std::int64_t> told_meanwhile_;
  /// What re-lists changed and the watch has yet to confirm: key to mod_revision, 0 for a removal.
  std::map<std::string, std::int64_t> unconfirmed_;
};

} // namespace limpet::etcd
