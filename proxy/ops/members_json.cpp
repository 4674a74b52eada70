#include "proxy/ops/members_json.hpp"

#include "proxy/ops/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace limpet::ops {

namespace {

namespace json = boost::json;

json::object member_object(const routing::member& m) {
  return {{"id", to_utf8(m.id)},
          {"incarnation", to_utf8(m.incarnation)},
          {"address", to_utf8(m.address)},
          {"weight", m.weight},
          {"zone", to_utf8(m.zone)},
          {"state", m.state == routing::member_state::draining ? "draining" : "ready"}};
}

json::array members_of(const http::pool_snapshot& pool, std::chrono::steady_clock::time_point now) {
  json::array out;
  const auto members = pool.view.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto member = member_object(members[i]);
    if (i < pool.targets.size() && pool.targets[i].shared) {
      const auto& shared = *pool.targets[i].shared;
      member["up"] = shared.reachable(now);
      member["connections"] = shared.connections.load(std::memory_order_relaxed);
    }
    out.emplace_back(std::move(member));
  }
  return out;
}

json::object source_object(const membership::source_status& source) {
  json::object out{{"kind", to_utf8(source.kind)},
                   {"ready", source.ready},
                   {"stale", source.stale},
                   {"revision", source.revision},
                   {"errors", source.errors},
                   {"invalid_values", source.invalid_values},
                   {"relist_differences", source.relist_differences}};
  if (!source.last_error.empty()) out["last_error"] = to_utf8(source.last_error);
  return out;
}

} // namespace

json::object members_json(const std::vector<pool_facts>& pools, std::chrono::steady_clock::time_point now) {
  json::array list;
  for (const auto& [pool, source] : pools) {
    if (!pool) continue;
    list.push_back({{"name", to_utf8(pool->settings.name)},
                    {"epoch", pool->view.epoch()},
                    {"checksum", pool->view.checksum()},
                    {"placement", routing::placement_name},
                    {"stale", source.stale},
                    {"source", source_object(source)},
                    {"members", members_of(*pool, now)}});
  }
  return {{"pools", std::move(list)}};
}

} // namespace limpet::ops
