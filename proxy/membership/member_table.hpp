#pragma once

#include "proxy/membership/drain_codec.hpp"
#include "proxy/membership/etcd/watch_fsm.hpp"
#include "routing/member.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// Where a pool's keys are. All kinds lie in one range, so that one list and one watch see them in one order.
struct pool_keys {
  std::string members; ///< PREFIX/<pool>/members/, then the id
  std::string drains;  ///< PREFIX/<pool>/drains/, then the id
  std::string alive;   ///< PREFIX/<pool>/alive/, then the incarnation of a proxy that hands over by a barrier

  pool_keys(std::string_view prefix, std::string_view pool);
  const std::string& range_begin() const noexcept { return alive; }
  std::string range_end() const;
};

/// A pool's members as the keys under its prefix tell them. No I/O.
///
/// A member is draining where its own value or a drain key says so. A value that does not parse leaves its
/// member as it last was, or out where it is new: one bad key never takes a pool down. The member's
/// incarnation is what its value says, or the key's creation where it says nothing.
class member_table {
public:
  static constexpr std::size_t members_max = 10'000;
  /// How many proxies of a pool that hands over by a barrier are watched, incarnations that are dead
  /// included.
  static constexpr std::size_t barrier_proxies_max = 2'000;

  /// Whether a member's address may be a host's name; where not, a value with one is of no use.
  enum class hosts : std::uint8_t { named, numeric };

  explicit member_table(pool_keys keys, hosts h = hosts::named) : keys_(std::move(keys)), hosts_(h) {}

  /// Takes one key's new value or its removal. Returns a complaint for the log where the value is of no use.
  std::optional<std::string> apply(const etcd::change& change);

  /// The store has another history than before: revisions begin anew, and the epoch with them.
  void restart_epoch() noexcept { epoch_ = 0; }

  /// Sorted by id; the first members_max of them.
  std::vector<routing::member> members() const;
  /// The same, but that a value that does not parse leaves its member as it is in `before`, sorted by id: the
  /// same for whoever has the same keys and `before`, whatever else they have seen.
  std::vector<routing::member> members_after(const std::vector<routing::member>& before) const;
  /// Sorted by member; those of members that are not there among them.
  std::vector<operator_drain> drains() const;
  /// Proxies for which this is a pool that hands over by a barrier: nobody else may send them its sessions.
  const std::set<std::string, std::less<>>& barrier_proxies() const noexcept { return barrier_proxies_; }
  /// How many are beyond those.
  std::size_t left_out() const noexcept {
    return members_.size() > members_max ? members_.size() - members_max : 0;
  }
  /// The revision of the last change seen, removals included.
  std::uint64_t epoch() const noexcept { return epoch_; }
  std::uint64_t invalid_values() const noexcept { return invalid_values_; }

private:
  using members_by_id = std::map<std::string, routing::member, std::less<>>;

  std::vector<routing::member> list_of(const members_by_id& all) const;
  std::optional<std::string> apply_member(std::string_view id, const etcd::change& change);
  void apply_drain(std::string_view id, const std::optional<std::string>& value);

  pool_keys keys_;
  hosts hosts_;
  members_by_id members_;
  std::set<std::string, std::less<>> unreadable_; ///< ids whose value does not parse
  std::map<std::string, drain_note, std::less<>> drains_;
  std::set<std::string, std::less<>> barrier_proxies_;
  std::uint64_t epoch_ = 0;
  std::uint64_t invalid_values_ = 0;
};

} // namespace limpet::membership
