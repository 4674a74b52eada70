#pragma once

#include "proxy/membership/drain_codec.hpp"
#include "proxy/net/strict_view.hpp"
#include "routing/member.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace limpet::membership {

/// What a source knows of one pool's members.
struct member_list {
  std::vector<routing::member> members; ///< no two with one id
  std::uint64_t epoch = 0;              ///< grows with each change; with etcd a revision
  bool stale = false; ///< the store is out of reach, or the list is a snapshot from disk: last-known-good
  std::optional<net::strict_view> strict{}; ///< of a pool that hands over by a barrier
  friend bool operator==(const member_list&, const member_list&) = default;
};

/// Counters and state of a source, for metrics and the admin pages. Read on the control thread.
struct source_status {
  /// Of a source that counts for itself: nobody elsewhere can know more.
  static constexpr auto counts_for_itself = std::numeric_limits<std::uint64_t>::max();

  std::string kind; ///< "static", "file" or "etcd"
  bool stale = false;
  bool ready = false;                   ///< a list was published at least once
  std::uint64_t revision = 0;           ///< etcd's, or the number of the file's reading
  std::uint64_t invalid_values = 0;     ///< values or files that did not parse, each counted once a change
  std::uint64_t relist_differences = 0; ///< what a re-list found that the watch had not told
  std::uint64_t errors = 0;             ///< failed requests to the store
  std::string last_error;
  std::uint64_t restores = 0; ///< times the store went back in time, or became another one
  /// Every change up to this revision of the store was published.
  std::uint64_t known_until = counts_for_itself;
  std::uint64_t refreshes = 0; ///< lists that were read because somebody asked
  /// Proxies that hand this pool over by a barrier, while this one does not, which breaks their promise.
  std::vector<std::string> barrier_proxies{};
};

/// Where a pool's members come from. Lives on the control thread; all calls and callbacks are made there.
class source {
public:
  using publish_function = std::function<void(member_list)>;
  virtual ~source() = default;

  /// Begins to watch. `publish` is called with the whole list each time it changes or its staleness does, the
  /// first time as soon as there is one (static: before start returns). Never throws for what the store does.
  virtual void start(publish_function publish) = 0;
  /// No call of `publish` after this. Safe to call twice.
  virtual void stop() = 0;
  /// Has the store read now, linearizably, for somebody who has to know it as it is. `done` is told whether
  /// that went well once what it brought is published; not at all after a stop. False where the store is
  /// being read already, which has its answer then. A source without a store to ask knows all there is.
  virtual bool refresh(std::function<void(bool well)> done) {
    done(true);
    return true;
  }
  virtual source_status status() const = 0;
  /// What operators drain, beside what members say of themselves.
  virtual std::vector<operator_drain> drains() const { return {}; }
};

} // namespace limpet::membership
