#pragma once

#include "proxy/membership/etcd/messages.hpp"
#include "proxy/membership/etcd/watch_fsm.hpp"
#include "proxy/membership/member_table.hpp"
#include "proxy/membership/ownership_codec.hpp"
#include "routing/ownership/mover_fsm.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::membership {

/// Where a pool that hands over by a barrier keeps its keys, beside those of pool_keys.
struct ownership_keys {
  std::string all;     ///< PREFIX/<pool>/, the prefix of all of these
  std::string view;    ///< PREFIX/<pool>/view
  std::string routers; ///< PREFIX/<pool>/routers/, then the incarnation
  std::string alive;
  std::string acks;

  ownership_keys(std::string_view prefix, std::string_view pool);
};

/// All keys of such a pool as they were read or told, and what they say. No I/O. A key with a value that is
/// not of these terms, or damaged, makes a complaint; the last one stays until the value changes.
class ownership_table {
public:
  ownership_table(const pool_keys& members, ownership_keys keys, ownership_terms terms)
      : keys_(std::move(keys)), terms_(std::move(terms)), members_(members, member_table::hosts::numeric) {}

  /// A complaint for the log, where a member's value is of no use.
  std::optional<std::string> apply(const etcd::change& change);
  void apply(const etcd::range_response& range);

  /// The mod_revision of a `view` that proxies of this cluster have left who had agreed on other terms: none
  /// is registered any more, so nothing is in flight by it, and it may be begun anew. 0 where there is none.
  std::int64_t left_view() const noexcept { return routers_.empty() ? others_view_ : 0; }
  /// Why the pool has to stop, a sentence; empty where it has not. What left_view() tells of is no reason.
  std::string complaint() const;
  /// The newest record that could be read; of revision 0 where the store has none.
  const ownership::record& record() const noexcept { return record_; }
  /// Each of `routers/`, and of its `alive/` and `acks/`.
  std::vector<ownership::barrier_reading::router> routers() const;
  bool has_routers(const std::string& incarnation) const { return routers_.contains(incarnation); }
  bool has_alive(const std::string& incarnation) const { return alive_.contains(incarnation); }
  const member_table& members() const noexcept { return members_; }

private:
  using names = std::set<std::string, std::less<>>;

  void apply_router(const etcd::change& change, const std::string& prefix, names& all);
  void apply_acknowledgement(const etcd::change& change);
  void apply_view(const etcd::change& change);
  void complain(const std::string& key, const std::string& why);

  ownership_keys keys_;
  ownership_terms terms_;
  member_table members_;
  ownership::record record_;
  names routers_;
  names alive_;
  std::map<std::string, std::uint64_t, std::less<>> acks_;
  std::int64_t others_view_ = 0;                  ///< mod_revision of a `view` of other terms
  std::map<std::string, std::string> complaints_; ///< by key
};

} // namespace limpet::membership
