#include "proxy/membership/ownership_table.hpp"

#include "proxy/membership/etcd/error.hpp"

#include <utility>

namespace limpet::membership {

ownership_keys::ownership_keys(std::string_view prefix, std::string_view pool)
    : all(std::string(prefix) + '/' + std::string(pool) + '/'), view(all + "view"), routers(all + "routers/"),
      alive(all + "alive/"), acks(all + "acks/") {}

void ownership_table::complain(const std::string& key, const std::string& why) {
  if (why.empty())
    complaints_.erase(key);
  else
    complaints_[key] = etcd::printable(key) + " is not ours: " + why;
}

std::optional<std::string> ownership_table::apply(const etcd::change& change) {
  const auto is_below = [&](const std::string& prefix) { return change.key.starts_with(prefix); };
  if (change.key == keys_.view)
    apply_view(change);
  else if (is_below(keys_.routers))
    apply_router(change, keys_.routers, routers_);
  else if (is_below(keys_.alive))
    apply_router(change, keys_.alive, alive_);
  else if (is_below(keys_.acks))
    apply_acknowledgement(change);
  else
    return members_.apply(change);
  return std::nullopt;
}

void ownership_table::apply_router(const etcd::change& change, const std::string& prefix, names& all) {
  const auto incarnation = change.key.substr(prefix.size());
  complain(change.key, change.value ? complaint_of_router(*change.value, terms_) : std::string());
  if (change.value)
    all.insert(incarnation);
  else
    all.erase(incarnation);
}

void ownership_table::apply_acknowledgement(const etcd::change& change) {
  const auto incarnation = change.key.substr(keys_.acks.size());
  if (!change.value) {
    acks_.erase(incarnation);
    return complain(change.key, {});
  }
  const auto read = decode_acknowledgement(*change.value);
  complain(change.key, read ? std::string() : read.error().reason);
  acks_[incarnation] = read ? *read : 0;
}

void ownership_table::apply_view(const etcd::change& change) {
  const auto& key = change.key;
  others_view_ = 0;
  if (!change.value) {
    // Nobody deletes it: whoever did has taken away what all proxies agreed on.
    return complain(key, record_.revision > 0 ? "it was deleted" : "");
  }
  auto read = decode_record(*change.value, static_cast<std::uint64_t>(change.revision), terms_);
  complain(key, read ? std::string() : read.error().reason);
  if (!read && is_of_other_terms(*change.value, terms_)) others_view_ = change.revision;
  if (read && read->revision > record_.revision) record_ = std::move(*read);
}

void ownership_table::apply(const etcd::range_response& range) {
  for (const auto& kv : range.kvs)
    apply(etcd::change{.key = kv.key,
                       .value = kv.value,
                       .revision = kv.mod_revision,
                       .create_revision = kv.create_revision});
}

std::string ownership_table::complaint() const {
  for (const auto& [key, complaint] : complaints_)
    if (key != keys_.view || left_view() == 0) return complaint;
  return {};
}

std::vector<ownership::barrier_reading::router> ownership_table::routers() const {
  std::vector<ownership::barrier_reading::router> all;
  for (const auto& incarnation : routers_) {
    const auto acknowledged = acks_.find(incarnation);
    all.push_back(
        {incarnation, alive_.contains(incarnation), acknowledged == acks_.end() ? 0 : acknowledged->second});
  }
  return all;
}

} // namespace limpet::membership
