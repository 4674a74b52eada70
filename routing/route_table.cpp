#include "routing/route_table.hpp"

#include <algorithm>

namespace limpet::routing {
namespace {

void sort_longest_first(route_table::paths& paths) {
  std::ranges::stable_sort(paths, std::greater{}, [](const route_table::entry& e) { return e.path.size(); });
}

bool is_prefix_at_boundary(std::string_view prefix, std::string_view path) noexcept {
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

std::optional<std::uint32_t> find_path(const route_table::paths& paths, std::string_view path) noexcept {
  for (const route_table::entry& e : paths)
    if (is_prefix_at_boundary(e.path, path)) return e.route;
  return {};
}

} // namespace

route_table::route_table(const std::vector<route_match>& routes) {
  for (std::uint32_t i = 0; i < routes.size(); ++i) {
    const route_match& route = routes[i];
    paths* target = &any_;
    if (route.host.starts_with("*."))
      target = &suffix_[route.host.substr(2)];
    else if (!route.host.empty())
      target = &exact_[route.host];
    target->push_back({route.path.empty() ? "/" : route.path, i});
  }
  for (host_map* map : {&exact_, &suffix_})
    for (auto& [host, of_host] : *map)
      sort_longest_first(of_host);
  sort_longest_first(any_);
}

std::optional<std::uint32_t> route_table::find(std::string_view host, std::string_view path) const noexcept {
  if (const auto at = exact_.find(host); at != exact_.end())
    if (const auto route = find_path(at->second, path)) return route;
  if (!suffix_.empty())
    if (const auto route = find_by_suffix(host, path)) return route;
  return find_path(any_, path);
}

std::optional<std::uint32_t> route_table::find_by_suffix(std::string_view host,
                                                         std::string_view path) const noexcept {
  // From the second byte on, so that something stands before the dot; longest suffix first.
  for (std::size_t dot = host.find('.', 1); dot != std::string_view::npos; dot = host.find('.', dot + 1)) {
    const auto at = suffix_.find(host.substr(dot + 1));
    if (at == suffix_.end()) continue;
    if (const auto route = find_path(at->second, path)) return route;
  }
  return {};
}

} // namespace limpet::routing
