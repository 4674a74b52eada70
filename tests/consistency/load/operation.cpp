#include "tests/consistency/load/operation.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace limpet::load {

namespace {

constexpr std::size_t name_bytes_max = 64;

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// What stands before `end`, which is taken away, too; all of it where there is none.
std::string_view take_until(std::string_view& text, char end) {
  const auto at = std::min(text.find(end), text.size());
  const auto taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

std::optional<operation> named(operation o, std::string_view name) {
  if (!is_name(o.session) || !is_name(name)) return std::nullopt;
  o.name = name;
  return o;
}

} // namespace

bool is_name(std::string_view text) noexcept {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= name_bytes_max && std::all_of(text.begin(), text.end(), fits);
}

std::optional<operation> parse_request(std::string_view method, std::string_view target) {
  if (!take(target, "/s/")) return std::nullopt;
  auto path = take_until(target, '?');
  operation o;
  o.session = take_until(path, '/');
  if (method == "GET" && path.empty() && take(target, "operation=")) return named(std::move(o), target);
  if (method != "POST" || path != "append" || !take(target, "value=")) return std::nullopt;
  const auto value = parse_number(take_until(target, '&'));
  if (!value || !take(target, "operation=")) return std::nullopt;
  o.what = kind::append;
  o.value = *value;
  return named(std::move(o), target);
}

std::optional<std::string> parse_socket_target(std::string_view target) {
  if (!take(target, "/s/")) return std::nullopt;
  const auto session = take_until(target, '/');
  if (!is_name(session) || target != "socket") return std::nullopt;
  return std::string(session);
}

std::optional<operation> parse_message(std::string_view session, std::string_view text) {
  operation o;
  o.session = session;
  const auto verb = take_until(text, ' ');
  const auto name = take_until(text, ' ');
  if (verb == "read" && text.empty()) return named(std::move(o), name);
  const auto value = parse_number(text);
  if (verb != "append" || !value) return std::nullopt;
  o.what = kind::append;
  o.value = *value;
  return named(std::move(o), name);
}

std::string_view method_of(const operation& o) noexcept {
  return o.what == kind::append ? "POST" : "GET";
}

std::string target_of(const operation& o) {
  if (o.what == kind::read) return "/s/" + o.session + "?operation=" + o.name;
  return "/s/" + o.session + "/append?value=" + std::to_string(o.value) + "&operation=" + o.name;
}

std::string socket_target_of(std::string_view session) {
  return "/s/" + std::string(session) + "/socket";
}

std::string message_of(const operation& o) {
  if (o.what == kind::read) return "read " + o.name;
  return "append " + o.name + " " + std::to_string(o.value);
}

std::string to_text(const list& values) {
  std::string text;
  for (const auto value : values) {
    if (!text.empty()) text += ',';
    text += std::to_string(value);
  }
  return text.empty() ? "-" : text;
}

std::optional<list> parse_list(std::string_view text) {
  list values;
  if (text == "-") return values;
  if (text.ends_with(',')) return std::nullopt;
  while (!text.empty()) {
    const auto value = parse_number(take_until(text, ','));
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values.empty() ? std::nullopt : std::optional(std::move(values));
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

} // namespace limpet::load
