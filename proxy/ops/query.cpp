#include "proxy/ops/query.hpp"

#include "routing/percent.hpp"

#include <algorithm>

namespace limpet::ops {

std::optional<std::vector<std::pair<std::string_view, std::string>>> parse_query(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string>> parameters;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto parameter = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (parameter.empty()) continue;
    const auto equals = std::min(parameter.find('='), parameter.size());
    std::string value;
    if (!routing::percent_decode(parameter.substr(std::min(equals + 1, parameter.size())), value)) return {};
    parameters.emplace_back(parameter.substr(0, equals), std::move(value));
  }
  return parameters;
}

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += '&';
  out += name;
  out += '=';
  out += routing::percent_encode(value, "/:");
}

} // namespace limpet::ops
