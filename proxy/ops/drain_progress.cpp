#include "proxy/ops/drain_progress.hpp"

#include "proxy/ops/told_object.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <vector>

namespace limpet::ops {

namespace {

namespace json = boost::json;
using state = drain_progress::state;

drain_progress unknown(std::string problem) {
  return {.where = state::unknown, .pool = {}, .problem = std::move(problem)};
}

const json::object* find_member(const json::object& pool, std::string_view list, std::string_view id) {
  for (const auto& one : array_of(pool, list))
    if (one.is_object() && text_of(one.get_object(), "id") == id) return &one.get_object();
  return nullptr;
}

drain_progress read_member(const json::object& member, std::string pool, state where) {
  const auto& live = object_of(member, "live");
  const auto requests = number_of(live, "requests");
  const auto event_streams = number_of(live, "event_streams");
  const auto tunnels = number_of(live, "tunnels");
  if (!requests || !event_streams || !tunnels)
    return unknown("it does not tell what is live, as this version's proxies do");
  return {.where = where,
          .pool = std::move(pool),
          .requests = *requests,
          .event_streams = *event_streams,
          .tunnels = *tunnels,
          .connections = number_of(member, "connections").value_or(0)};
}

std::string counted(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// "a, b and c"
std::string listed(const std::vector<std::string>& parts) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return out;
}

} // namespace

drain_progress read_drain_progress(const json::object& members, std::string_view pool,
                                   std::string_view member) {
  bool is_pool_there = pool.empty();
  const json::object* found = nullptr;
  state standing = state::gone;
  std::string where;
  for (const auto& one : array_of(members, "pools")) {
    if (!one.is_object()) continue;
    const auto name = text_of(one.get_object(), "name");
    if (!pool.empty() && name != pool) continue;
    is_pool_there = true;
    const auto* there = find_member(one.get_object(), "members", member);
    const bool is_in_view = there != nullptr;
    if (!there) there = find_member(one.get_object(), "left", member);
    if (!there) continue;
    if (found) return unknown("several of its pools have that member: say which");
    found = there;
    if (is_in_view) standing = text_of(*there, "state") == "draining" ? state::draining : state::ready;
    where = name;
  }
  if (!is_pool_there) return unknown("it has no pool " + printable(pool));
  if (!found) return {.where = state::gone, .pool = printable(pool)};
  return read_member(*found, std::move(where), standing);
}

std::string progress_text(const drain_progress& progress) {
  if (progress.where == state::unknown) return progress.problem;
  std::vector<std::string> left;
  if (progress.requests > 0) left.push_back(counted(progress.requests, "request"));
  if (progress.event_streams > 0) left.push_back(counted(progress.event_streams, "event stream"));
  if (progress.tunnels > 0) left.push_back(counted(progress.tunnels, "tunnel"));
  const auto rest = left.empty() ? "nothing" : listed(left);
  if (progress.where == state::gone) return fmt::format("not in its view, {} left", rest);
  return fmt::format("{}, {} left ({})", progress.where == state::draining ? "draining" : "not draining",
                     rest, counted(progress.connections, "connection"));
}

} // namespace limpet::ops
