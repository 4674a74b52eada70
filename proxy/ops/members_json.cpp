#include "proxy/ops/members_json.hpp"

#include "proxy/http/live_stream.hpp"
#include "proxy/http/metrics.hpp"
#include "proxy/ops/json_text.hpp"
#include "proxy/ops/member_drains.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>

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

using time_point = std::chrono::steady_clock::time_point;

double seconds_until(time_point end, time_point now) {
  return std::max(std::chrono::duration<double>(end - now).count(), 0.0);
}

/// Whether sessions are placed to the member, and what speaks against it.
void add_standing(json::object& member, const net::reachability& shared, time_point now) {
  const auto why = shared.why_left_out(now);
  member["up"] = why == net::left_out::no;
  if (why != net::left_out::no) member["left_out"] = net::to_string(why);
  if (shared.paused(now))
    member["unreachable_for_s"] = static_cast<double>(shared.paused_for(now).count()) / 1000;
  member["ejected"] = shared.answers.ejected(now);
  if (shared.answers.ejected(now))
    member["ejected_for_s"] = seconds_until(shared.answers.ejected_until(), now);
  member["connections"] = shared.connections.load(std::memory_order_relaxed);
}

json::object health_object(const member_checks& checks) {
  json::object out{{"check", to_string(checks.verdict)}};
  if (!checks.last_error.empty()) out["last_error"] = to_utf8(checks.last_error);
  return out;
}

/// Marks the members that the source has taken out and that rails keep.
void add_held(json::array& members, const std::optional<membership::rails_status>& rails) {
  if (!rails) return;
  std::map<std::string_view, std::string_view> marks;
  for (const auto& one : rails->held)
    marks[one.id] = "held";
  for (const auto& one : rails->leaving)
    marks[one.id] = "leaving";
  if (marks.empty()) return;
  for (auto& member : members) {
    auto& object = member.get_object();
    const auto found = marks.find(std::string_view(object.at("id").get_string()));
    if (found != marks.end()) object[found->second] = true;
  }
}

/// By a member's number: how many of each kind.
using live_counts = std::unordered_map<std::uint32_t, std::array<std::uint64_t, http::stream_kinds>>;

live_counts counts_of(const net::counter_shard& counters) {
  live_counts counts;
  for (const auto& [key, value] : counters.values) {
    const auto kind = net::counter_shard::second_of(key);
    const auto what = static_cast<http::metric>(net::counter_shard::metric_of(key));
    if (what == http::metric::live_streams_by_number && kind < http::stream_kinds)
      counts[net::counter_shard::first_of(key)][kind] = value;
  }
  return counts;
}

live_counts::mapped_type counts_at(const live_counts& counts, std::uint32_t number) {
  const auto found = counts.find(number);
  return found == counts.end() ? live_counts::mapped_type{} : found->second;
}

json::object live_object(const live_counts::mapped_type& of) {
  const auto count = [&](http::stream_kind kind) { return of[static_cast<std::size_t>(kind)]; };
  return {{"requests", count(http::stream_kind::request)},
          {"event_streams", count(http::stream_kind::event_stream)},
          {"tunnels", count(http::stream_kind::tunnel)}};
}

json::array members_of(const pool_facts& facts, const live_counts& counts, time_point now) {
  json::array out;
  const auto& pool = *facts.pool;
  const auto members = pool.view.members();
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto member = member_object(members[i]);
    if (i < pool.targets.size() && pool.targets[i].shared) {
      add_standing(member, *pool.targets[i].shared, now);
      member["live"] = live_object(counts_at(counts, pool.targets[i].number));
    }
    if (i < facts.checks.size()) member["health"] = health_object(facts.checks[i]);
    out.emplace_back(std::move(member));
  }
  add_held(out, facts.rails);
  return out;
}

/// What is under way with members that left the view, or with an incarnation of before.
json::array left_of(const std::vector<former_member>& former, const live_counts& counts) {
  json::array out;
  for (const auto& m : former) {
    const auto live = counts_at(counts, m.number);
    if (std::ranges::any_of(live, [](auto count) { return count > 0; }))
      out.push_back(
          {{"id", to_utf8(m.id)}, {"incarnation", to_utf8(m.incarnation)}, {"live", live_object(live)}});
  }
  return out;
}

json::object handoff_object(const membership::handoff_status& h) {
  json::array waits_for;
  for (const auto& router : h.waits_for)
    waits_for.push_back(json::value(to_utf8(router)));
  json::object out{{"stage", membership::to_string(h.stage())},
                   {"incarnation", to_utf8(h.incarnation)},
                   {"revision", h.revision},
                   {"lasts_ms", h.prepared_for.count()},
                   {"waits_for", std::move(waits_for)},
                   {"workers_waited_for", h.workers_waited_for},
                   {"may_write_for_ms", h.fence_left.count()},
                   {"commits", h.commits},
                   {"last_took_ms", h.last_handoff.count()}};
  if (!h.halted.empty()) out["stopped"] = to_utf8(h.halted);
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
  if (!source.barrier_proxies.empty()) {
    json::array proxies;
    for (const auto& proxy : source.barrier_proxies)
      proxies.push_back(json::value(to_utf8(proxy)));
    out["barrier_proxies"] = std::move(proxies);
  }
  return out;
}

} // namespace

json::object members_json(const std::vector<pool_facts>& pools, const net::counter_shard& counters,
                          std::chrono::steady_clock::time_point now) {
  const auto counts = counts_of(counters);
  json::array list;
  for (const auto& facts : pools) {
    const auto& pool = facts.pool;
    const auto& source = facts.source;
    if (!pool) continue;
    list.push_back({{"name", to_utf8(pool->settings.name)},
                    {"epoch", pool->view.epoch()},
                    {"checksum", pool->view.checksum()},
                    {"placement", routing::placement_name},
                    {"stale", source.stale},
                    {"suspended", facts.rails && facts.rails->suspended},
                    {"source", source_object(source)},
                    {"drains", drains_array(facts.drains)},
                    {"left", left_of(facts.former, counts)},
                    {"members", members_of(facts, counts, now)}});
    if (facts.handoff) list.back().get_object()["handoff"] = handoff_object(*facts.handoff);
  }
  return {{"pools", std::move(list)}};
}

} // namespace limpet::ops
