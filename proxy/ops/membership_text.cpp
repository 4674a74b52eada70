// /membership for people. The object may come from another process, so nothing in it is taken for granted.

#include "proxy/ops/membership_json.hpp"
#include "proxy/ops/told_object.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace limpet::ops {

namespace {

namespace json = boost::json;

/// Members shown of one kind; the rest is counted.
constexpr std::size_t lines_shown_max = 20;

std::uint64_t number_of(const json::object& in, std::string_view name) {
  const auto* value = find(in, name);
  boost::system::error_code wrong;
  const auto number = value && value->is_number() ? value->to_number<std::uint64_t>(wrong) : 0;
  return wrong ? 0 : number;
}

std::string count_text(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// "leaves at 2026-01-01T12:01:05Z (in 47s) unless it comes back"; while the pool is suspended nothing is
/// done at any time.
std::string when(const json::object& one, std::string_view what, std::string_view unless) {
  if (!find(one, "until")) return "waits for the pool to be resumed";
  return fmt::format("{} at {} (in {}s) {}", what, text_of(one, "until"), number_of(one, "seconds_left"),
                     unless);
}

/// "2 join (x, y)"; empty where there are none.
std::string pending_text(const json::object& pending, std::string_view name, std::string_view one,
                         std::string_view many) {
  const auto& ids = array_of(pending, name);
  if (ids.empty()) return {};
  std::string text;
  for (std::size_t i = 0; i < std::min(ids.size(), lines_shown_max); ++i)
    if (const auto* id = ids[i].if_string())
      text += (text.empty() ? "" : ", ") + printable({id->data(), id->size()});
  if (ids.size() > lines_shown_max) text += fmt::format(" and {} more", ids.size() - lines_shown_max);
  return count_text(ids.size(), one, many) + " (" + text + ")";
}

void add_suspended(std::string& out, const json::object& pool) {
  if (!is_true(pool, "suspended")) return;
  const auto& pending = object_of(pool, "pending");
  std::string waits;
  for (const auto& part :
       {pending_text(pending, "joined", "joins", "join"), pending_text(pending, "left", "leaves", "leave"),
        pending_text(pending, "changed", "changes", "change")})
    if (!part.empty()) waits += (waits.empty() ? "" : ", ") + part;
  out += fmt::format("  suspended since {}; to come: {}\n", text_of(pool, "suspended_since"),
                     waits.empty() ? "nothing" : waits);
}

class line_list {
public:
  line_list(std::string& out, std::size_t count) : out_(out), count_(count) {}
  ~line_list() {
    if (count_ > lines_shown_max) out_ += fmt::format("    and {} more\n", count_ - lines_shown_max);
  }
  line_list(const line_list&) = delete;
  line_list& operator=(const line_list&) = delete;

  /// The lines under another heading than the last one's get one of their own.
  void add(const std::string& heading, const json::object& one, const std::string& line) {
    if (++shown_ > lines_shown_max) return;
    if (heading != heading_) out_ += fmt::format("  {}\n", heading);
    heading_ = heading;
    out_ += fmt::format("    {:<16} {}\n", text_of(one, "id"), line);
  }

private:
  std::string& out_;
  std::size_t count_;
  std::size_t shown_ = 0;
  std::string heading_;
};

template <class Add>
void add_lines(std::string& out, const json::array& list, Add add) {
  line_list lines(out, list.size());
  for (const auto& one : list)
    if (one.is_object()) add(lines, one.get_object());
}

void add_held_line(line_list& lines, const json::object& one) {
  lines.add("held back: " + text_of(one, "why"), one, when(one, "leaves", "unless it comes back"));
}

void add_leaving_line(line_list& lines, const json::object& one) {
  lines.add("just left:", one, when(one, "leaves", "unless it comes back"));
}

void add_damped_line(line_list& lines, const json::object& one) {
  const auto flaps = count_text(number_of(one, "flaps"), "flap", "flaps");
  lines.add("left out, since they come and go:", one,
            flaps + "; " + (is_true(one, "there") ? when(one, "let in", "if it stays") : "not there now"));
}

void add_pool(std::string& out, const json::object& pool) {
  const bool has_rails = is_true(pool, "rails");
  out += fmt::format("pool {}: {}, epoch {}, {} in the view", text_of(pool, "name"), text_of(pool, "source"),
                     number_of(pool, "epoch"), count_text(number_of(pool, "members"), "member", "members"));
  if (!has_rails) {
    out += "; no rails\n";
    return;
  }
  out += fmt::format(", {} in the source\n", number_of(pool, "members_told"));
  if (!is_true(pool, "ready")) out += "  no list was ever seen\n";
  if (is_true(pool, "stale")) out += fmt::format("  stale: {}\n", text_of(pool, "last_error"));
  if (find(pool, "applied"))
    out += fmt::format("  applied: {} left the view, came in or changed\n",
                       count_text(number_of(pool, "applied"), "member", "members"));
  add_suspended(out, pool);
  add_lines(out, array_of(pool, "held"), add_held_line);
  add_lines(out, array_of(pool, "leaving"), add_leaving_line);
  add_lines(out, array_of(pool, "damped"), add_damped_line);
  out += fmt::format("  so far: {}, {}, {}\n",
                     count_text(number_of(pool, "guard_trips"), "mass removal", "mass removals"),
                     count_text(number_of(pool, "flaps"), "flap", "flaps"),
                     count_text(number_of(pool, "restores"), "restore", "restores"));
}

} // namespace

std::string membership_text(const json::object& told) {
  std::string out;
  for (const auto& pool : array_of(told, "pools"))
    if (pool.is_object()) add_pool(out, pool.get_object());
  return out;
}

} // namespace limpet::ops
