#pragma once

#include "config/config.hpp"
#include "proxy/http/labels.hpp"
#include "proxy/http/snapshot.hpp"
#include "proxy/membership/handoff_status.hpp"
#include "proxy/membership/rails.hpp"
#include "proxy/membership/source.hpp"
#include "proxy/net/counters.hpp"
#include "proxy/ops/health_checker.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ops {

/// Facts of the whole process that no worker counts.
struct process_facts {
  std::string version;
  std::uint32_t workers = 0;
  bool draining = false;
  bool last_reload_ok = true;
  std::int64_t last_reload_unix_s = 0;
  std::vector<std::string> restart_needed; ///< keys that a reload changed in vain
  std::uint64_t access_log_dropped = 0;
  std::uint64_t access_log_failed = 0; ///< writes that the disk refused
  std::uint64_t health_checks_under_way = 0;
  std::uint64_t health_checks_waiting = 0;
};

/// A member, or an incarnation of it, that is not in its pool's view any more and still has to do with us.
struct former_member {
  std::string id;
  std::string incarnation;
  std::uint32_t number = 0; ///< net::member_target::number
  friend bool operator==(const former_member&, const former_member&) = default;
};

/// One pool, as the control thread knows it.
struct pool_facts {
  std::shared_ptr<const http::pool_snapshot> pool;
  membership::source_status source;
  std::vector<member_checks> checks =
      {}; ///< parallel to the pool's members; empty where it has no active checks
  std::optional<membership::rails_status> rails{}; ///< nothing: it has none, as with static members
  std::vector<membership::operator_drain> drains{};
  std::vector<former_member> former{};                 ///< ordered by id
  std::optional<membership::handoff_status> handoff{}; ///< of a pool that hands over by a barrier
};

/// What came of writing or deleting an operator's drain.
struct drain_outcome {
  enum class kind : std::uint8_t {
    done,
    nothing_to_do, ///< it is there already, or there is none
    no_answer,     ///< the store did not answer; it may have been done all the same
    refused,       ///< the store, or what was answered, is not what it should be
  };
  kind what = kind::done;
  std::string problem = {}; ///< in words, where it failed
};

/// What an operator does to a pool's rails.
enum class rails_action : std::uint8_t { suspend, resume, apply };

/// What the admin pages and the metrics ask of the server. Called on the control thread.
class backend {
public:
  virtual ~backend() = default;

  /// The sum of all workers' counters, each copied on its own thread.
  virtual boost::asio::awaitable<net::counter_shard> counters() = 0;
  virtual const http::label_names& labels() const = 0;
  virtual process_facts facts() const = 0;
  virtual std::vector<pool_facts> pools() const = 0;
  virtual std::shared_ptr<const http::snapshot> snapshot() const = 0;
  virtual const config::settings& settings() const = 0;
  /// False as soon as a drain begins.
  virtual bool ready() const = 0;
  /// Drains the proxy itself.
  virtual void begin_drain() = 0;
  /// The pool has rails. Returns how many members the action let go or let in.
  virtual std::size_t act_on_rails(const std::string& pool, rails_action action) = 0;
  /// Drains a member of a pool whose members come from etcd, on all proxies; `by` says for whom.
  virtual boost::asio::awaitable<drain_outcome> drain_member(std::string pool, std::string member,
                                                             std::string by) = 0;
  virtual boost::asio::awaitable<drain_outcome> undo_member_drain(std::string pool, std::string member) = 0;
};

} // namespace limpet::ops
