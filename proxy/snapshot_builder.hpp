#pragma once

#include "config/config.hpp"
#include "proxy/http/labels.hpp"
#include "proxy/http/snapshot.hpp"
#include "proxy/membership/source.hpp"
#include "proxy/ops/backend.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace limpet {

/// Makes snapshots out of the configuration and the member lists, and keeps what outlives them: the numbers
/// that stand for names in counters, and each member's reachability. A member keeps its number for as long as
/// a snapshot has it or anything is connected to it: one that comes back finds what is left of it. Lives on
/// the control thread.
class snapshot_builder {
public:
  /// The endpoints of an address, as far as they are known now; may start a look-up and call for a new
  /// snapshot later.
  using resolve_function = std::function<std::vector<net::member_endpoint>(const std::string& address)>;
  using lists = std::map<std::string, membership::member_list>;

  explicit snapshot_builder(resolve_function resolve) : resolve_(std::move(resolve)) {}

  /// Pools without a list yet have no members.
  std::shared_ptr<const http::snapshot> build(const config::settings& settings, const lists& members);

  const http::label_names& labels() const noexcept { return labels_; }

  /// Members of the pool that the last snapshot does not have and that keep their number all the same, by id.
  std::vector<ops::former_member> former_members(const std::string& pool) const;

private:
  using member_key =
      std::tuple<std::string, std::string, std::string, std::string>; ///< pool, id, incarnation, address
  struct known_member {
    std::uint32_t number;
    std::shared_ptr<net::reachability> shared;
    std::uint64_t used_by = 0; ///< the last snapshot that had it
  };

  std::shared_ptr<const http::pool_snapshot> build_pool(const config::pool& settings,
                                                        const membership::member_list& list);
  net::member_target target_of(const http::pool_snapshot& pool, const routing::member& m);
  void forget_unused(const config::settings& settings);
  std::uint32_t label(std::map<std::string, std::uint32_t>& numbers, const std::string& key,
                      std::uint32_t next);

  resolve_function resolve_;
  http::label_names labels_;
  std::map<std::string, std::uint32_t> route_numbers_;
  std::map<std::string, std::uint32_t> pool_numbers_;
  std::map<std::string, std::uint32_t> member_labels_;
  std::map<member_key, known_member> members_;
  std::map<std::string, std::shared_ptr<http::pool_state>> pool_states_;
  std::map<std::string, std::shared_ptr<const http::pool_snapshot>> last_; ///< pools of the snapshot before
  std::uint32_t next_member_ = 1;
  std::uint64_t snapshots_ = 0;
};

} // namespace limpet
