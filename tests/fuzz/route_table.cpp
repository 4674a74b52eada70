// Route matching against all routes looked at one by one. The input's lines up to an empty one are routes,
// the others requests: a host, a space, a path.

#include "routing/route_table.hpp"

#include "routing/request_target.hpp"
#include "tests/fuzz/support.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using routing::route_match;

constexpr std::size_t routes_max = 40;

std::pair<std::string_view, std::string_view> host_and_path(std::string_view line) {
  const auto space = line.find(' ');
  return {line.substr(0, space), space == line.npos ? std::string_view() : line.substr(space + 1)};
}

/// How well a host matches: nothing, or more than any less specific one.
std::optional<std::size_t> host_rank(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return 0;
  if (!pattern.starts_with("*."))
    return pattern == host ? std::optional<std::size_t>(1'000'000) : std::nullopt;
  const auto suffix = pattern.substr(1);
  const bool fits = host.size() > suffix.size() && host.ends_with(suffix);
  return fits ? std::optional(suffix.size()) : std::nullopt;
}

bool path_fits(std::string_view prefix, std::string_view path) {
  if (path == prefix) return true;
  const auto with_slash = std::string(prefix) + (prefix.ends_with('/') ? "" : "/");
  return path.starts_with(with_slash);
}

std::optional<std::uint32_t> find_plainly(const std::vector<route_match>& routes, std::string_view host,
                                          std::string_view path) {
  std::optional<std::uint32_t> best;
  std::tuple<std::size_t, std::size_t> best_rank;
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    const std::string prefix = routes[i].path.empty() ? "/" : routes[i].path;
    const auto of_host = host_rank(routes[i].host, host);
    if (!of_host || !path_fits(prefix, path)) continue;
    const std::tuple rank{*of_host, prefix.size()};
    if (best && rank <= best_rank) continue;
    best = i;
    best_rank = rank;
  }
  return best;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<route_match> routes;
  for (auto line = take_line(bytes); !line.empty() && routes.size() < routes_max; line = take_line(bytes)) {
    const auto [host, path] = host_and_path(line);
    routes.push_back({std::string(host), std::string(path)});
  }
  const routing::route_table table(routes);
  while (!bytes.empty()) {
    const auto [host, target] = host_and_path(take_line(bytes));
    FUZZ_CHECK(table.find(host, target) == find_plainly(routes, host, target));
    std::string name, scratch;
    routing::request_target read;
    if (!routing::parse_authority(host, name)) continue;
    FUZZ_CHECK(name == lower(name) && name.find_first_of("/\\@%? \t") == name.npos);
    if (routing::parse_request_target(target, read, scratch) != routing::request_target::status::ok) continue;
    FUZZ_CHECK(table.find(name, read.path) == find_plainly(routes, name, read.path));
  }
  return 0;
}
