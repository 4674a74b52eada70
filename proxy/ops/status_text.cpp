// One proxy's status for people.

#include "proxy/ops/status.hpp"
#include "proxy/ops/told_object.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace limpet::ops {

namespace {

namespace json = boost::json;

/// What a table has in one column.
struct column {
  std::string title;
  bool is_number = false;
  std::vector<std::string> cells = {};

  bool is_empty() const {
    return std::ranges::all_of(cells, [](const auto& cell) { return cell.empty(); });
  }
  std::size_t width() const {
    auto width = title.size();
    for (const auto& cell : cells)
      width = std::max(width, cell.size());
    return width;
  }
};

/// Left out: columns without any cell. The last has no blanks behind it.
std::string table_text(const std::vector<column>& all, std::size_t rows) {
  std::vector<std::string> lines(rows + 1, " ");
  for (const auto& one : all) {
    if (one.is_empty()) continue;
    const auto width = one.width();
    for (std::size_t row = 0; row <= rows; ++row) {
      const auto& cell = row == 0 ? one.title : one.cells[row - 1];
      lines[row] +=
          one.is_number ? fmt::format(" {:>{}} ", cell, width) : fmt::format(" {:<{}} ", cell, width);
    }
  }
  std::string out;
  for (auto& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string number_text(const json::object& in, std::string_view name) {
  const auto number = number_of(in, name);
  return number ? std::to_string(*number) : std::string();
}

/// What it says of itself, and what this proxy has against it.
std::string state_text(const json::object& member) {
  std::vector<std::string> words{text_of(member, "state")};
  const auto add = [&words](bool holds, std::string word) {
    if (holds && !word.empty() && std::ranges::find(words, word) == words.end())
      words.push_back(std::move(word));
  };
  const auto left_out = text_of(member, "left_out");
  add(true, left_out);
  add(left_out.empty() && !truth_of(member, "up").value_or(true), "down");
  add(text_of(object_of(member, "health"), "check") == "unhealthy", "unhealthy");
  for (const auto* flag : {"ejected", "held", "leaving"})
    add(is_true(member, flag), flag);
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool all_weights_are_one(const json::array& members) {
  return std::ranges::all_of(members, [](const auto& m) {
    return m.is_object() && number_of(m.get_object(), "weight").value_or(1) == 1;
  });
}

/// `left` are those that are not in the view any more.
std::string members_text(const json::array& members, const json::array& left) {
  std::vector<column> table{{"member"},         {"state"},         {"weight", true},  {"conns", true},
                            {"requests", true}, {"streams", true}, {"tunnels", true}, {"address"}};
  const bool has_weights = !all_weights_are_one(members);
  std::size_t rows = 0;
  const auto add = [&](const json::object& m, std::string state) {
    const auto& live = object_of(m, "live");
    const std::array cells{text_of(m, "id"),
                           std::move(state),
                           has_weights ? number_text(m, "weight") : std::string(),
                           number_text(m, "connections"),
                           number_text(live, "requests"),
                           number_text(live, "event_streams"),
                           number_text(live, "tunnels"),
                           text_of(m, "address")};
    for (std::size_t i = 0; i < cells.size(); ++i)
      table[i].cells.push_back(cells[i]);
    ++rows;
  };
  for (const auto& one : members)
    if (one.is_object()) add(one.get_object(), state_text(one.get_object()));
  for (const auto& one : left)
    if (one.is_object()) add(one.get_object(), "left");
  return rows == 0 ? "  no members\n" : table_text(table, rows);
}

/// Words for the flags that are set, each told by whoever sets it.
std::string flags_text(const json::object& pool) {
  std::string out;
  if (is_true(pool, "stale")) out += ", STALE";
  if (is_true(pool, "suspended")) out += ", SUSPENDED";
  const bool is_held = std::ranges::any_of(array_of(pool, "members"), [](const auto& m) {
    return m.is_object() && is_true(m.get_object(), "held");
  });
  if (is_held) out += ", REMOVALS HELD";
  return out;
}

std::string drains_text(const json::object& pool) {
  std::string out;
  for (const auto& one : array_of(pool, "drains")) {
    if (!one.is_object()) continue;
    const auto& drain = one.get_object();
    const auto by = text_of(drain, "by");
    const auto at = text_of(drain, "at");
    out += fmt::format("  drained by an operator: {}{}{}{}\n", text_of(drain, "member"),
                       by.empty() ? "" : ", for " + by, at.empty() ? "" : ", since " + at,
                       truth_of(drain, "member_is_there").value_or(true) ? "" : " (no such member now)");
  }
  return out;
}

/// Of a pool that hands over by a barrier: where that stands, and for whom it waits.
std::string handoff_text(const json::object& pool) {
  const auto& handoff = object_of(pool, "handoff");
  if (handoff.empty()) return {};
  auto out = fmt::format("  hand-off: {}; this proxy is {}\n", text_of(handoff, "stage"),
                         text_of(handoff, "incarnation"));
  if (const auto why = text_of(handoff, "stopped"); !why.empty()) out += "  stopped: " + why + '\n';
  for (const auto& router : array_of(handoff, "waits_for"))
    if (const auto* name = router.if_string())
      out += fmt::format("  waits for proxy {}, for {} ms\n", printable({name->data(), name->size()}),
                         text_of(handoff, "lasts_ms"));
  return out;
}

std::string pool_text(const json::object& pool) {
  const auto& source = object_of(pool, "source");
  auto out =
      fmt::format("\npool {}: {}, epoch {}, checksum {}{}\n", text_of(pool, "name"), text_of(source, "kind"),
                  text_of(pool, "epoch"), text_of(pool, "checksum"), flags_text(pool));
  if (is_true(pool, "stale"))
    if (const auto why = text_of(source, "last_error"); !why.empty()) out += "  last error: " + why + '\n';
  for (const auto& proxy : array_of(source, "barrier_proxies"))
    if (const auto* name = proxy.if_string())
      out += fmt::format(
          "  {} hands it over by a barrier, and this proxy does not: sessions may have two owners\n",
          printable({name->data(), name->size()}));
  out += handoff_text(pool);
  return out + members_text(array_of(pool, "members"), array_of(pool, "left")) + drains_text(pool);
}

} // namespace

std::string duration_text(std::int64_t seconds) {
  seconds = std::max<std::int64_t>(seconds, 0);
  constexpr std::array<std::pair<std::int64_t, char>, 4> units{
      {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}}};
  for (std::size_t i = 0; i + 1 < units.size(); ++i)
    if (seconds >= units[i].first)
      return fmt::format("{}{} {}{}", seconds / units[i].first, units[i].second,
                         seconds % units[i].first / units[i + 1].first, units[i + 1].second);
  return fmt::format("{}s", seconds);
}

std::string headline_text(const proxy_report& proxy, std::int64_t now_unix_s) {
  if (!proxy.status) return printable(proxy.problem);
  const auto& status = *proxy.status;
  auto out = "limpet " + text_of(status, "version");
  if (const auto start = number_of(status, "start_unix_seconds"))
    out += ", up " + duration_text(now_unix_s - static_cast<std::int64_t>(*start));
  if (const auto workers = number_of(status, "workers"))
    out += fmt::format(", {} worker{}", *workers, *workers == 1 ? "" : "s");
  if (is_true(status, "draining")) return out + ", DRAINING";
  return out + (is_true(status, "ready") ? ", ready" : ", NOT READY");
}

std::string status_text(const proxy_report& proxy, std::int64_t now_unix_s) {
  auto out = fmt::format("{}: {}", printable(proxy.address), headline_text(proxy, now_unix_s));
  if (!proxy.status) return out + '\n';
  const auto& status = *proxy.status;
  out += '\n';
  if (!truth_of(status, "last_reload_successful").value_or(true))
    out += "the last reload was refused: the configuration before it is in force\n";
  if (const auto& keys = array_of(status, "restart_needed"); !keys.empty())
    out +=
        fmt::format("a restart is needed for {} changed key{}\n", keys.size(), keys.size() == 1 ? "" : "s");
  for (const auto& pool : array_of(status, "pools"))
    if (pool.is_object()) out += pool_text(pool.get_object());
  return out;
}

} // namespace limpet::ops
