#include "tests/proxy/ops/example.hpp"

#include <chrono>
#include <stdexcept>

namespace limpet::ops {

namespace {

using kind = routing::key_source::kind;

routing::key_source named_source(kind from, std::string name) {
  routing::key_source source;
  source.from = from;
  source.name = std::move(name);
  return source;
}

config::pool chat_pool() {
  config::pool p;
  p.name = "chat";
  p.session.key = {named_source(kind::header, "X-User-Id"), named_source(kind::query, "room")};
  p.session.key_bytes_max = 64;
  return p;
}

config::pool shop_pool() {
  config::pool p;
  p.name = "shop";
  p.session.key = {named_source(kind::cookie, "limpet")};
  p.session.key[0].issued = p.session.key[0].pin = true;
  p.session.issued.emplace();
  return p;
}

config::pool app_pool() {
  config::pool p;
  p.name = "app";
  p.session.key = {named_source(kind::path_segment, ""), named_source(kind::client_address, "")};
  p.session.key[0].segment = 2;
  p.session.key[1].ipv4_prefix = 24;
  p.session.otherwise = config::no_key_mode::refuse;
  p.fail_over = config::fail_over_mode::refuse;
  return p;
}

routing::member member_of(std::string id) {
  routing::member m;
  m.incarnation = id + "-1";
  m.address = "10.0.0.1:9001";
  m.zone = "z";
  m.id = std::move(id);
  return m;
}

} // namespace

example::example() {
  auto draining = member_of("c");
  draining.state = routing::member_state::draining;
  auto heavy = member_of("b");
  heavy.weight = 2;
  add_pool(chat_pool(), {member_of("a"), heavy, draining}, 42);
  add_pool(shop_pool(), {member_of("s1"), member_of("s2")}, 7);
  add_pool(app_pool(), {member_of("x")}, 1);
  add_route("chat", "chat.example.com", "/", 0);
  add_route("/shop", "", "/shop", 1);
  add_route("/", "", "/", 2);
  std::vector<routing::route_match> matches;
  for (const auto& r : snapshot->routes)
    matches.push_back({r.settings.host, r.settings.path});
  snapshot->table = routing::route_table(matches);
  snapshot->keys =
      std::make_shared<http::key_ring>(std::vector<config::signing_key>{{"k1", std::string(32, 's'), ""}});
}

void example::add_pool(config::pool settings, std::vector<routing::member> members, std::uint64_t epoch) {
  auto p = std::make_shared<http::pool_snapshot>();
  p->number = static_cast<std::uint32_t>(labels.pools.size());
  labels.pools.push_back(settings.name);
  p->state = std::make_shared<http::pool_state>();
  p->placement.pin = settings.session.issued.has_value();
  if (settings.session.otherwise == config::no_key_mode::refuse)
    p->placement.without_key = routing::no_key::refuse;
  if (settings.fail_over == config::fail_over_mode::refuse)
    p->placement.on_unreachable = routing::fail_over::refuse;
  p->settings = std::move(settings);
  p->view = routing::view(std::move(members), epoch);
  for (const auto& m : p->view.members()) {
    net::member_target target;
    target.label = static_cast<std::uint32_t>(labels.members.size());
    target.number = 1'000 + target.label; // as after many restarts: not to be taken for the label
    target.shared = std::make_shared<net::reachability>();
    labels.members.push_back({p->settings.name, m.id});
    p->targets.push_back(std::move(target));
  }
  pools_.push_back(p);
  snapshot->pools.push_back(p);
}

void example::add_route(const std::string& name, const std::string& host, const std::string& path,
                        std::size_t pool_index) {
  http::route_snapshot r;
  r.number = static_cast<std::uint32_t>(labels.routes.size());
  r.pool = pools_[pool_index];
  r.settings.name = name;
  r.settings.host = host;
  r.settings.path = path;
  r.settings.pool = r.pool->settings.name;
  labels.routes.push_back({name, r.settings.pool});
  snapshot->routes.push_back(std::move(r));
}

http::pool_snapshot& example::pool(std::string_view name) {
  for (const auto& p : pools_)
    if (p->settings.name == name) return *p;
  throw std::logic_error("no such pool");
}

net::reachability& example::member(std::string_view pool_name, std::string_view id) {
  auto& p = pool(pool_name);
  return *p.targets.at(p.view.find(id)).shared;
}

void example::take_down(std::string_view pool_name, std::string_view id) {
  member(pool_name, id).failed(std::chrono::steady_clock::now());
}

std::uint32_t example::number_of(std::string_view pool_name, std::string_view id) {
  auto& p = pool(pool_name);
  return p.targets.at(p.view.find(id)).number;
}

std::uint32_t example::label_of(std::string_view pool_name, std::string_view id) {
  auto& p = pool(pool_name);
  return p.targets.at(p.view.find(id)).label;
}

} // namespace limpet::ops
