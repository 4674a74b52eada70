#include "proxy/membership/member_table.hpp"

#include "proxy/membership/member_codec.hpp"

#include <algorithm>

namespace limpet::membership {
namespace {

std::optional<std::string_view> after(std::string_view prefix, std::string_view key) {
  if (!key.starts_with(prefix)) return std::nullopt;
  return key.substr(prefix.size());
}

} // namespace

pool_keys::pool_keys(std::string_view prefix, std::string_view pool)
    : members(std::string(prefix) + '/' + std::string(pool) + "/members/"),
      drains(std::string(prefix) + '/' + std::string(pool) + "/drains/"),
      alive(std::string(prefix) + '/' + std::string(pool) + "/alive/") {}

std::string pool_keys::range_end() const {
  // "0" is the character after "/".
  return members.substr(0, members.size() - 1) + '0';
}

std::optional<std::string> member_table::apply(const etcd::change& change) {
  const auto member_id = after(keys_.members, change.key);
  const auto drain_id = after(keys_.drains, change.key);
  if (const auto proxy = after(keys_.alive, change.key)) {
    if (change.value)
      barrier_proxies_.emplace(*proxy);
    else if (const auto found = barrier_proxies_.find(*proxy); found != barrier_proxies_.end())
      barrier_proxies_.erase(found);
    return std::nullopt;
  }
  if (!member_id && !drain_id) return std::nullopt; // lies between them; none of ours
  epoch_ = std::max(epoch_, static_cast<std::uint64_t>(std::max<std::int64_t>(change.revision, 0)));
  if (member_id) return apply_member(*member_id, change);
  apply_drain(*drain_id, change.value);
  return std::nullopt;
}

std::optional<std::string> member_table::apply_member(std::string_view id, const etcd::change& change) {
  if (const auto found = unreadable_.find(id); found != unreadable_.end()) unreadable_.erase(found);
  if (!change.value) {
    if (const auto found = members_.find(id); found != members_.end()) members_.erase(found);
    return std::nullopt;
  }
  auto decoded = decode_member(id, *change.value);
  if (decoded && hosts_ == hosts::numeric && is_host_name(decoded->address))
    decoded = bad_value{"\"address\" is a host name, which is another address for each proxy at times: in a "
                        "pool with handoff: barrier it has to be an IP address or unix:/path"};
  if (!decoded) {
    ++invalid_values_;
    unreadable_.emplace(id);
    return decoded.error().reason;
  }
  if (decoded->incarnation.empty()) decoded->incarnation = std::to_string(change.create_revision);
  members_.insert_or_assign(std::string(id), std::move(*decoded));
  return std::nullopt;
}

void member_table::apply_drain(std::string_view id, const std::optional<std::string>& value) {
  if (!is_member_id(id)) return;
  if (value) {
    drains_.insert_or_assign(std::string(id), decode_drain(*value));
  } else if (const auto found = drains_.find(id); found != drains_.end()) {
    drains_.erase(found);
  }
}

std::vector<routing::member> member_table::members() const {
  return list_of(members_);
}

std::vector<routing::member> member_table::list_of(const members_by_id& all) const {
  std::vector<routing::member> list;
  list.reserve(std::min(all.size(), members_max));
  for (const auto& [id, known] : all) {
    if (list.size() == members_max) break;
    list.push_back(known);
    if (drains_.contains(id)) list.back().state = routing::member_state::draining;
  }
  return list;
}

std::vector<routing::member> member_table::members_after(const std::vector<routing::member>& before) const {
  if (unreadable_.empty()) return members();
  auto known = members_;
  for (const auto& id : unreadable_) {
    known.erase(id);
    const auto found = std::ranges::lower_bound(before, id, {}, &routing::member::id);
    if (found != before.end() && found->id == id) known.emplace(id, *found);
  }
  return list_of(known);
}

std::vector<operator_drain> member_table::drains() const {
  std::vector<operator_drain> list;
  for (const auto& [id, note] : drains_)
    list.push_back({id, note, members_.contains(id)});
  return list;
}

} // namespace limpet::membership
