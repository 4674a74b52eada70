#include "proxy/ops/rails_query.hpp"

#include "config/reader.hpp"
#include "routing/percent.hpp"

#include <algorithm>

namespace limpet::ops {

namespace {

chosen_pools refused(unsigned status, std::string complaint) {
  return {.names = {}, .status = status, .complaint = std::move(complaint) + "\n"};
}

std::string known_names(const std::vector<pool_facts>& pools) {
  std::string names;
  for (const auto& facts : pools)
    if (facts.pool) names += (names.empty() ? "" : ", ") + facts.pool->settings.name;
  return names;
}

chosen_pools choose_one(const std::vector<pool_facts>& pools, const std::string& name) {
  const auto known = std::ranges::find_if(
      pools, [&](const auto& facts) { return facts.pool && facts.pool->settings.name == name; });
  if (known == pools.end())
    return refused(404, "no pool is named " + config::quoted(name) + "; there are: " + known_names(pools));
  if (!known->rails) return refused(409, "pool " + name + " has no rails: its members are static");
  return {.names = {name}, .complaint = {}};
}

} // namespace

chosen_pools choose_pools(const std::vector<pool_facts>& pools, std::string_view query) {
  constexpr std::string_view parameter = "pool=";
  std::string name;
  if (query.starts_with(parameter) && routing::percent_decode(query.substr(parameter.size()), name))
    return choose_one(pools, name);
  if (!query.empty()) return refused(400, "Give ?pool=NAME, or nothing for all pools.");
  chosen_pools all;
  for (const auto& facts : pools)
    if (facts.pool && facts.rails) all.names.push_back(facts.pool->settings.name);
  if (all.names.empty()) return refused(409, "no pool has rails: the members of all are static");
  return all;
}

} // namespace limpet::ops
