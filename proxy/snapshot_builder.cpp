#include "proxy/snapshot_builder.hpp"

#include "proxy/http/key_ring.hpp"
#include "proxy/http/session_digest.hpp"

#include <algorithm>

namespace limpet {

namespace {

routing::placement_policy policy_of(const config::pool& pool) {
  routing::placement_policy policy;
  policy.on_unreachable =
      pool.fail_over == config::fail_over_mode::next ? routing::fail_over::next : routing::fail_over::refuse;
  policy.without_key = pool.session.otherwise == config::no_key_mode::refuse ? routing::no_key::refuse
                                                                             : routing::no_key::balance;
  policy.pin = std::any_of(pool.session.key.begin(), pool.session.key.end(),
                           [](const auto& source) { return source.pin; });
  policy.bounded_load_thousandths = pool.bounded_load_thousandths;
  return policy;
}

net::ejection_policy ejection_of(const config::ejection_settings& settings) {
  net::ejection_policy policy;
  policy.failures = settings.consecutive_failures;
  policy.errors = settings.consecutive_5xx;
  policy.base = settings.base;
  policy.longest = settings.longest;
  policy.percent_max = settings.max_ejected_percent;
  return policy;
}

routing::cookie_attributes cookie_of(const config::session_settings& session) {
  routing::cookie_attributes cookie;
  for (const auto& source : session.key)
    if (source.issued) cookie.name = source.name;
  if (session.issued) {
    cookie.path = session.issued->path;
    cookie.domain = session.issued->domain;
    cookie.max_age = session.issued->max_age;
    cookie.site = session.issued->site;
  }
  return cookie;
}

} // namespace

std::uint32_t snapshot_builder::label(std::map<std::string, std::uint32_t>& numbers, const std::string& key,
                                      std::uint32_t next) {
  return numbers.try_emplace(key, next).first->second;
}

net::member_target snapshot_builder::target_of(const http::pool_snapshot& in, const routing::member& m) {
  const auto& pool = in.settings.name;
  auto [entry, fresh] =
      members_.try_emplace(member_key{pool, m.id, m.incarnation, m.address}, known_member{});
  auto& known = entry->second;
  if (fresh) {
    // It counts for the pool's state, and keeps that.
    std::shared_ptr<std::atomic<std::uint64_t>> recoveries(in.state, &in.state->recoveries);
    known = {next_member_++, std::make_shared<net::reachability>(std::move(recoveries))};
  } else if (known.used_by + 1 < snapshots_) {
    known.shared->connected(); // it came back, and is believed at first as whoever comes
  }
  known.used_by = snapshots_;

  const auto next = static_cast<std::uint32_t>(labels_.members.size());
  const auto number = label(member_labels_, pool + '/' + m.id, next);
  if (number == next) labels_.members.push_back({pool, m.id});
  const bool counts_busy =
      in.settings.limits.connections_per_member > 0 || in.settings.bounded_load_thousandths > 0;
  return {known.number, number, resolve_(m.address), known.shared, counts_busy};
}

std::shared_ptr<const http::pool_snapshot> snapshot_builder::build_pool(const config::pool& settings,
                                                                        const membership::member_list& list) {
  auto pool = std::make_shared<http::pool_snapshot>();
  const auto next = static_cast<std::uint32_t>(labels_.pools.size());
  pool->number = label(pool_numbers_, settings.name, next);
  if (pool->number == next) labels_.pools.push_back(settings.name);
  pool->settings = settings;
  pool->placement = policy_of(settings);
  // Where all proxies have to agree on the owner, none leaves a member alone by itself.
  if (settings.handoff != config::handoff_mode::barrier) pool->ejection = ejection_of(settings.ejection);
  pool->cookie = cookie_of(settings.session);
  pool->envelopes = routing::envelopes_of(settings.name, settings.session.key);
  pool->view = routing::view(list.members, list.epoch);
  auto& state = pool_states_[settings.name];
  if (!state) state = std::make_shared<http::pool_state>();
  pool->state = state;
  pool->strict = list.strict;
  if (pool->strict) pool->digest_key = http::session_digest_key(settings.barrier.cluster, settings.name);
  for (const auto& m : pool->view.members())
    pool->targets.push_back(target_of(*pool, m));
  // Where nobody ejects any more, nobody stays ejected.
  if (pool->ejection.is_off())
    for (const auto& target : pool->targets)
      target.shared->pardon();
  auto& before = last_[settings.name];
  pool->compare(before.get());
  before = pool;
  return pool;
}

std::shared_ptr<const http::snapshot> snapshot_builder::build(const config::settings& settings,
                                                              const lists& members) {
  auto s = std::make_shared<http::snapshot>();
  s->number = ++snapshots_;
  std::map<std::string, std::shared_ptr<const http::pool_snapshot>> by_name;
  for (const auto& [name, pool] : settings.pools) {
    const auto list = members.find(name);
    by_name[name] = build_pool(pool, list == members.end() ? membership::member_list{} : list->second);
    s->pools.push_back(by_name[name]);
  }
  std::vector<routing::route_match> matches;
  for (const auto& route : settings.routes) {
    const auto next = static_cast<std::uint32_t>(labels_.routes.size());
    const auto number = label(route_numbers_, route.name + '\n' + route.pool, next);
    if (number == next) labels_.routes.push_back({route.name, route.pool});
    s->routes.push_back({number, route, by_name.at(route.pool)});
    matches.push_back({route.host, route.path});
  }
  s->table = routing::route_table(matches);
  if (!settings.signing_keys.empty()) s->keys = std::make_shared<http::key_ring>(settings.signing_keys);
  s->limits = settings.limits;
  s->timeouts = settings.timeouts;
  s->forwarded = settings.forwarded;
  s->epoch_wait = std::min(settings.etcd.timeout, http::epoch_wait_max);
  s->index_members();
  forget_unused(settings);
  return s;
}

std::vector<ops::former_member> snapshot_builder::former_members(const std::string& pool) const {
  std::vector<ops::former_member> former;
  for (auto one = members_.lower_bound({pool, {}, {}, {}}); one != members_.end(); ++one) {
    const auto& [of_pool, id, incarnation, address] = one->first;
    if (of_pool != pool) break;
    if (one->second.used_by != snapshots_) former.push_back({id, incarnation, one->second.number});
  }
  return former;
}

void snapshot_builder::forget_unused(const config::settings& settings) {
  // Snapshots, connections and idle connections have a part in it, and nobody else can give one away.
  std::erase_if(members_, [&](const auto& entry) {
    return entry.second.used_by != snapshots_ && entry.second.shared.use_count() == 1;
  });
  const auto is_gone = [&](const auto& entry) { return !settings.pools.contains(entry.first); };
  std::erase_if(last_, is_gone);
  std::erase_if(pool_states_,
                [&](const auto& entry) { return is_gone(entry) && entry.second.use_count() == 1; });
}

} // namespace limpet
