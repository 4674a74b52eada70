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

using entries = std::vector<const json::object*>;

entries find_member(const json::object& pool, std::string_view list, std::string_view id) {
  entries found;
  for (const auto& one : array_of(pool, list))
    if (one.is_object() && text_of(one.get_object(), "id") == id) found.push_back(&one.get_object());
  return found;
}

/// What all of them have under way.
drain_progress read_entries(const entries& found, std::string pool, state where) {
  drain_progress sum{.where = where, .pool = std::move(pool)};
  for (const auto* one : found) {
    const auto& live = object_of(*one, "live");
    const auto requests = number_of(live, "requests");
    const auto event_streams = number_of(live, "event_streams");
    const auto tunnels = number_of(live, "tunnels");
    if (!requests || !event_streams || !tunnels)
      return unknown("it does not tell what is live, as this version's proxies do");
    sum.requests += *requests;
    sum.event_streams += *event_streams;
    sum.tunnels += *tunnels;
    sum.connections += number_of(*one, "connections").value_or(0);
  }
  return sum;
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
                                   std::string_view member, std::string_view incarnation) {
  bool is_pool_there = pool.empty();
  entries found;
  state standing = state::gone;
  std::string where;
  for (const auto& one : array_of(members, "pools")) {
    if (!one.is_object()) continue;
    const auto name = text_of(one.get_object(), "name");
    if (!pool.empty() && name != pool) continue;
    is_pool_there = true;
    auto there = find_member(one.get_object(), "members", member);
    const bool is_in_view = !there.empty();
    if (!is_in_view) there = find_member(one.get_object(), "left", member);
    if (there.empty()) continue;
    if (!found.empty()) return unknown("several of its pools have that member: say which");
    if (is_in_view)
      standing = text_of(*there.front(), "state") == "draining" ? state::draining : state::ready;
    found = std::move(there);
    where = name;
  }
  if (!is_pool_there) return unknown("it has no pool " + printable(pool));
  if (found.empty()) return {.where = state::gone, .pool = printable(pool)};
  if (standing != state::gone) {
    auto progress = read_entries(found, std::move(where), standing);
    progress.incarnation = text_of(*found.front(), "incarnation");
    return progress;
  }
  if (!incarnation.empty())
    std::erase_if(found, [&](const auto* one) { return text_of(*one, "incarnation") != incarnation; });
  return read_entries(found, std::move(where), standing);
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
