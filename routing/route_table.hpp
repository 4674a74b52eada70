#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace limpet::routing {

/// What a route matches: a host and a path prefix.
struct route_match {
  std::string host; ///< lower case: exact, "*.suffix" (one label or more before it), or empty for any
  std::string path; ///< prefix, at a "/" boundary: /shop matches /shop and /shop/x, not /shopping
};

/// Finds the route of a request: an exact host before the longest suffix before any host; within a host the
/// longest path. Where the best host has no path that matches, the next best host is tried. Bytes are
/// compared as they stand: a percent-encoded letter is not that letter. Immutable after it is built.
class route_table {
public:
  route_table() = default;
  /// The index of a route is its place in `routes`. Of two with the same host and path the first is found.
  explicit route_table(const std::vector<route_match>& routes);

  /// `host` lower case and without port, `path` normalised. Nothing where no route matches.
  std::optional<std::uint32_t> find(std::string_view host, std::string_view path) const noexcept;

  struct entry {
    std::string path;
    std::uint32_t route;
  };
  using paths = std::vector<entry>; ///< longest first

private:
  struct string_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using host_map = std::unordered_map<std::string, paths, string_hash, std::equal_to<>>;

  std::optional<std::uint32_t> find_by_suffix(std::string_view host, std::string_view path) const noexcept;

  host_map exact_;
  host_map suffix_; ///< keyed without the "*."
  paths any_;
};

} // namespace limpet::routing
