#include "proxy/ops/membership_json.hpp"

#include "proxy/membership/rails_text.hpp"
#include "proxy/ops/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

namespace limpet::ops {

namespace {

namespace json = boost::json;
using membership::rails_status;

/// RFC 3339, in UTC, to the second.
std::string utc_text(std::chrono::steady_clock::time_point at, const moment& now) {
  const auto wall =
      now.wall + std::chrono::duration_cast<std::chrono::system_clock::duration>(at - now.steady);
  const auto seconds = std::chrono::system_clock::to_time_t(wall);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

/// Never below 0: what is due may not have been done yet.
std::int64_t seconds_left(std::chrono::steady_clock::time_point until, const moment& now) {
  return std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::seconds>(until - now.steady).count());
}

void add_until(json::object& out, std::optional<std::chrono::steady_clock::time_point> until,
               const moment& now) {
  if (!until) return;
  out["until"] = utc_text(*until, now);
  out["seconds_left"] = seconds_left(*until, now);
}

json::array departed_array(const std::vector<rails_status::departed>& list,
                           const config::rail_settings& settings, const moment& now) {
  json::array out;
  for (const auto& one : list) {
    json::object departed{{"id", to_utf8(one.id)}, {"since", utc_text(one.since, now)}};
    add_until(departed, one.until, now);
    if (one.of > 0) departed["why"] = membership::reason_text(one.gone, one.of, settings);
    out.emplace_back(std::move(departed));
  }
  return out;
}

json::array damped_array(const std::vector<rails_status::damped_member>& list, const moment& now) {
  json::array out;
  for (const auto& one : list) {
    json::object damped{{"id", to_utf8(one.id)}, {"flaps", one.flaps}, {"there", one.is_there}};
    add_until(damped, one.until, now);
    out.emplace_back(std::move(damped));
  }
  return out;
}

json::array ids(const std::vector<std::string>& list) {
  json::array out;
  for (const auto& id : list)
    out.emplace_back(to_utf8(id));
  return out;
}

void add_rails(json::object& out, const rails_status& rails, const moment& now) {
  out["suspended"] = rails.suspended.has_value();
  if (rails.suspended) out["suspended_since"] = utc_text(*rails.suspended, now);
  out["pending"] = json::object{{"joined", ids(rails.pending.joined)},
                                {"left", ids(rails.pending.left)},
                                {"changed", ids(rails.pending.changed)}};
  out["held"] = departed_array(rails.held, rails.settings, now);
  out["leaving"] = departed_array(rails.leaving, rails.settings, now);
  out["damped"] = damped_array(rails.damped, now);
  out["members_told"] = rails.members_told;
  out["guard_trips"] = rails.guard_trips;
  out["flaps"] = rails.flaps;
}

json::object pool_object(const pool_facts& facts, const moment& now) {
  const auto& view = facts.pool->view;
  json::object out{{"name", to_utf8(facts.pool->settings.name)},
                   {"source", to_utf8(facts.source.kind)},
                   {"ready", facts.source.ready},
                   {"stale", facts.source.stale},
                   {"epoch", view.epoch()},
                   {"checksum", view.checksum()},
                   {"members", view.members().size()},
                   {"rails", facts.rails.has_value()},
                   {"restores", facts.source.restores}};
  if (!facts.source.last_error.empty()) out["last_error"] = to_utf8(facts.source.last_error);
  if (facts.rails) add_rails(out, *facts.rails, now);
  return out;
}

} // namespace

json::object membership_json(const std::vector<pool_facts>& pools, const moment& now) {
  json::array list;
  for (const auto& facts : pools)
    if (facts.pool) list.push_back(pool_object(facts, now));
  return {{"pools", std::move(list)}};
}

} // namespace limpet::ops
