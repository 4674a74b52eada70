#pragma once

#include "proxy/http/key_ring.hpp"
#include "proxy/http/labels.hpp"
#include "proxy/http/snapshot.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::ops {

/// A proxy with three pools, as its control thread would have it, but with nothing behind it.
///
///   chat.example.com/  chat   key: header X-User-Id, query room; no key: balance; a and b ready, c draining;
///   epoch 42 /shop              shop   key: the issued cookie "limpet", pinned; s1 and s2; epoch 7 / app
///   key: path segment 2, client address; no key: refuse; no fail-over; only one member, x
struct example {
  example();

  std::shared_ptr<http::snapshot> snapshot = std::make_shared<http::snapshot>();
  http::label_names labels;

  http::pool_snapshot& pool(std::string_view name);
  net::reachability& member(std::string_view pool_name, std::string_view id);
  /// A connect to it has failed just now.
  void take_down(std::string_view pool_name, std::string_view id);
  /// The number that stands for this very member, with its incarnation and address.
  std::uint32_t number_of(std::string_view pool_name, std::string_view id);
  /// The number that stands for the member in counters.
  std::uint32_t label_of(std::string_view pool_name, std::string_view id);

private:
  void add_pool(config::pool settings, std::vector<routing::member> members, std::uint64_t epoch);
  void add_route(const std::string& name, const std::string& host, const std::string& path, std::size_t pool);

  std::vector<std::shared_ptr<http::pool_snapshot>> pools_;
};

} // namespace limpet::ops
