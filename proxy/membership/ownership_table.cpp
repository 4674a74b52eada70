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

void ownership_table::apply(const etcd::change& change) {
  const auto& key = change.key;
  if (key == keys_.view) return apply_view(change);
  if (key.starts_with(keys_.routers) || key.starts_with(keys_.alive)) {
    const bool is_routers = key.starts_with(keys_.routers);
    auto& all = is_routers ? routers_ : alive_;
    const auto incarnation = key.substr((is_routers ? keys_.routers : keys_.alive).size());
    complain(key, change.value ? complaint_of_router(*change.value, terms_) : std::string());
    if (change.value)
      all.insert(incarnation);
    else
      all.erase(incarnation);
    return;
  }
  if (key.starts_with(keys_.acks)) {
    const auto incarnation = key.substr(keys_.acks.size());
    if (!change.value) {
      acks_.erase(incarnation);
      return complain(key, {});
    }
    const auto read = decode_acknowledgement(*change.value);
    complain(key, read ? std::string() : read.error().reason);
    acks_[incarnation] = read ? *read : 0;
    return;
  }
  members_.apply(change);
}

void ownership_table::apply_view(const etcd::change& change) {
  const auto& key = change.key;
  if (!change.value) {
    // Nobody deletes it: whoever did has taken away what all proxies agreed on.
    return complain(key, record_.revision > 0 ? "it was deleted" : "");
  }
  auto read = decode_record(*change.value, static_cast<std::uint64_t>(change.revision), terms_);
  complain(key, read ? std::string() : read.error().reason);
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
  return complaints_.empty() ? std::string() : complaints_.begin()->second;
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
