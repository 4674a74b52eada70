// How a question is written in a URL's query.

#include "proxy/ops/explain.hpp"
#include "proxy/ops/query.hpp"
#include "routing/ascii.hpp"

namespace limpet::ops {

namespace {

using problem = std::optional<std::string>;

problem set_once(std::optional<std::string>& field, std::string_view name, std::string value) {
  if (field) return "\"" + std::string(name) + "\" is given twice";
  field = std::move(value);
  return {};
}

problem add_header(explain_query& out, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return "a header is written Name:Value";
  out.headers.emplace_back(text.substr(0, colon),
                           routing::trim_white_space(std::string_view(text).substr(colon + 1)));
  return {};
}

/// What may be given once, before the defaults come in.
struct single_fields {
  std::optional<std::string> url;
  std::optional<std::string> host;
  std::optional<std::string> client;
};

problem take_parameter(explain_query& out, single_fields& single, std::string_view name, std::string value) {
  if (name == "header") return add_header(out, value);
  if (name == "cookie") {
    out.cookies.push_back(std::move(value));
    return {};
  }
  if (name == "url") return set_once(single.url, name, std::move(value));
  if (name == "host") return set_once(single.host, name, std::move(value));
  if (name == "client") return set_once(single.client, name, std::move(value));
  if (name == "pool") return set_once(out.pool, name, std::move(value));
  if (name == "key") return set_once(out.key, name, std::move(value));
  return "a question has url, host, header, cookie, client, pool and key, and no other parameter";
}

} // namespace

std::optional<std::string> parse_explain_query(std::string_view text, explain_query& out) {
  out = {};
  single_fields single;
  auto parameters = parse_query(text);
  if (!parameters) return "a \"%\" without two hexadecimal digits";
  for (auto& [name, value] : *parameters)
    if (auto wrong = take_parameter(out, single, name, std::move(value))) return wrong;
  if (!single.url && !single.host && !out.pool) return "give a url, a host or a pool";
  out.url = single.url.value_or("/");
  out.host = single.host.value_or("");
  out.client = single.client.value_or("");
  return {};
}

std::string to_query_string(const explain_query& query) {
  std::string out;
  append_parameter(out, "url", query.url);
  if (!query.host.empty()) append_parameter(out, "host", query.host);
  for (const auto& [name, value] : query.headers)
    append_parameter(out, "header", name + ":" + value);
  for (const auto& cookie : query.cookies)
    append_parameter(out, "cookie", cookie);
  if (!query.client.empty()) append_parameter(out, "client", query.client);
  if (query.pool) append_parameter(out, "pool", *query.pool);
  if (query.key) append_parameter(out, "key", *query.key);
  return out;
}

} // namespace limpet::ops
