#include "deploy/demo/request.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/url/pct_string_view.hpp>

namespace limpet::demo {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `visit(name, value)` for each `name=value` of a list, until it returns true.
template <class Visit>
void for_each_pair(std::string_view list, char separator, Visit visit) {
  while (!list.empty()) {
    const auto end = std::min(list.find(separator), list.size());
    const auto pair = trimmed(list.substr(0, end));
    const auto equals = std::min(pair.find('='), pair.size());
    if (visit(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())))) return;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::string find_cookie(const boost::beast::http::fields& fields, std::string_view wanted) {
  std::string found;
  for (auto [at, end] = fields.equal_range(boost::beast::http::field::cookie); at != end && found.empty();
       ++at) {
    for_each_pair(at->value(), ';', [&](std::string_view name, std::string_view value) {
      if (name != wanted) return false;
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      found = value;
      return true;
    });
  }
  return found;
}

} // namespace

target split_target(std::string_view text) noexcept {
  const auto mark = text.find('?');
  if (mark == std::string_view::npos) return {text, {}};
  return {text.substr(0, mark), text.substr(mark + 1)};
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  for_each_pair(query, '&', [&](std::string_view parameter, std::string_view value) {
    if (parameter != name) return false;
    if (const auto encoded = boost::urls::make_pct_string_view(value)) found = encoded->decode();
    return true;
  });
  return found;
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::uint64_t query_number(std::string_view query, std::string_view name, std::uint64_t otherwise) {
  const auto text = query_value(query, name);
  return text ? parse_number(*text).value_or(otherwise) : otherwise;
}

std::string session_of(const boost::beast::http::fields& fields, std::string_view query) {
  if (const auto user = trimmed(fields["X-User-Id"]); !user.empty()) return std::string(user);
  for (const auto* name : {"session", "limpet"}) {
    if (auto cookie = find_cookie(fields, name); !cookie.empty()) return cookie;
  }
  return query_value(query, "user").value_or("");
}

} // namespace limpet::demo
