// Whether several proxies agree.

#include "proxy/ops/status.hpp"
#include "proxy/ops/told_object.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace limpet::ops {

namespace {

namespace json = boost::json;

/// Lines of differences that are shown; the rest is counted.
constexpr std::size_t lines_max = 100;

/// One proxy that was asked, with its pools and their members by name.
struct asked_proxy {
  struct pool {
    const json::object* told = nullptr;
    std::map<std::string, const json::object*> members = {};
  };
  std::string address;
  const json::object* told = nullptr;
  std::map<std::string, pool> pools = {};
};

std::map<std::string, const json::object*> by_name(const json::array& list, std::string_view name) {
  std::map<std::string, const json::object*> out;
  for (const auto& one : list)
    if (one.is_object()) out.try_emplace(text_of(one.get_object(), name), &one.get_object());
  return out;
}

std::vector<asked_proxy> asked_of(const std::vector<proxy_report>& proxies) {
  std::vector<asked_proxy> out;
  for (const auto& one : proxies) {
    if (!one.status) continue;
    asked_proxy asked{printable(one.address), &*one.status};
    for (const auto& [name, pool] : by_name(array_of(*one.status, "pools"), "name"))
      asked.pools[name] = {pool, by_name(array_of(*pool, "members"), "id")};
    out.push_back(std::move(asked));
  }
  return out;
}

/// "a, b and c"
std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return out;
}

/// What each says of one thing: the value, and who says so, in their order.
class opinions {
public:
  void add(const std::string& value, const std::string& address) {
    const auto found = std::ranges::find(said_, value, &said::value);
    if (found != said_.end())
      found->by.push_back(address);
    else
      said_.push_back({value, {address}});
  }
  bool differ() const noexcept { return said_.size() > 1; }
  /// "1 at A and B, 2 at C"
  std::string text() const {
    std::string out;
    for (const auto& one : said_)
      out += (out.empty() ? "" : ", ") + (one.value.empty() ? "none" : one.value) + " at " + listed(one.by);
    return out;
  }

private:
  struct said {
    std::string value;
    std::vector<std::string> by;
  };
  std::vector<said> said_;
};

class comparer {
public:
  explicit comparer(const std::vector<proxy_report>& proxies) : proxies_(asked_of(proxies)) {
    out_.is_complete = proxies_.size() == proxies.size();
  }
  comparison run();

private:
  using pool_list = std::vector<std::pair<const std::string*, const asked_proxy::pool*>>; ///< address, pool

  void differ(std::string line) { out_.differences.push_back(std::move(line)); }
  void note(std::string line) { out_.notes.push_back(std::move(line)); }
  void compare_pool(const std::string& name);
  void compare_sources(const std::string& name, const pool_list& having);
  void note_where(const std::string& what, const pool_list& having, bool (*holds)(const asked_proxy::pool&));
  void compare_members(const std::string& name, const pool_list& having);
  void compare_member(const std::string& where, const std::string& id, const pool_list& having);

  std::vector<asked_proxy> proxies_;
  comparison out_;
};

comparison comparer::run() {
  opinions versions, placements;
  std::set<std::string> names;
  for (const auto& proxy : proxies_) {
    versions.add(text_of(*proxy.told, "version"), proxy.address);
    placements.add(text_of(*proxy.told, "placement"), proxy.address);
    for (const auto& [name, pool] : proxy.pools)
      names.insert(name);
  }
  if (versions.differ()) differ("version: " + versions.text());
  if (placements.differ()) differ("placement: " + placements.text());
  for (const auto& name : names)
    compare_pool(name);
  return std::move(out_);
}

void comparer::compare_pool(const std::string& name) {
  pool_list having;
  std::vector<std::string> lacking;
  for (const auto& proxy : proxies_) {
    const auto found = proxy.pools.find(name);
    if (found == proxy.pools.end())
      lacking.push_back(proxy.address);
    else
      having.emplace_back(&proxy.address, &found->second);
  }
  if (!lacking.empty()) differ(fmt::format("pool {}: missing at {}", name, listed(lacking)));
  compare_sources(name, having);
  opinions checksums, epochs;
  for (const auto& [address, pool] : having) {
    checksums.add(text_of(*pool->told, "checksum"), *address);
    epochs.add(text_of(*pool->told, "epoch"), *address);
  }
  if (checksums.differ()) {
    differ(fmt::format("pool {}: checksum {}", name, checksums.text()));
    if (epochs.differ()) differ(fmt::format("pool {}: epoch {}", name, epochs.text()));
    compare_members(name, having);
  } else if (epochs.differ()) {
    note(fmt::format("pool {}: the members are the same; epoch {}", name, epochs.text()));
  }
}

/// Flags that say why views may differ, or soon will.
void comparer::compare_sources(const std::string& name, const pool_list& having) {
  opinions kinds;
  for (const auto& [address, pool] : having)
    kinds.add(text_of(object_of(*pool->told, "source"), "kind"), *address);
  if (kinds.differ()) note(fmt::format("pool {}: members from {}", name, kinds.text()));
  note_where(fmt::format("pool {}: stale", name), having,
             [](const asked_proxy::pool& pool) { return is_true(*pool.told, "stale"); });
  note_where(fmt::format("pool {}: suspended", name), having,
             [](const asked_proxy::pool& pool) { return is_true(*pool.told, "suspended"); });
  note_where(fmt::format("pool {}: removals are held back", name), having, [](const asked_proxy::pool& pool) {
    return std::ranges::any_of(pool.members,
                               [](const auto& member) { return is_true(*member.second, "held"); });
  });
}

void comparer::note_where(const std::string& what, const pool_list& having,
                          bool (*holds)(const asked_proxy::pool&)) {
  std::vector<std::string> where;
  for (const auto& [address, pool] : having)
    if (holds(*pool)) where.push_back(*address);
  if (!where.empty()) note(fmt::format("{} at {}", what, listed(where)));
}

void comparer::compare_members(const std::string& name, const pool_list& having) {
  std::set<std::string> ids;
  for (const auto& [address, pool] : having)
    for (const auto& [id, member] : pool->members)
      ids.insert(id);
  for (const auto& id : ids)
    compare_member(fmt::format("pool {}, member {}", name, id), id, having);
}

void comparer::compare_member(const std::string& where, const std::string& id, const pool_list& having) {
  std::vector<std::string> lacking;
  for (const auto& [address, pool] : having)
    if (!pool->members.contains(id)) lacking.push_back(*address);
  if (!lacking.empty()) differ(fmt::format("{}: missing at {}", where, listed(lacking)));
  for (const auto* field : {"incarnation", "address", "weight", "state"}) {
    opinions said;
    for (const auto& [address, pool] : having)
      if (const auto found = pool->members.find(id); found != pool->members.end())
        said.add(text_of(*found->second, field), *address);
    if (said.differ()) differ(fmt::format("{}: {} {}", where, field, said.text()));
  }
}

std::string proxies_text(const std::vector<proxy_report>& proxies, std::int64_t now_unix_s) {
  std::size_t width = 0;
  for (const auto& one : proxies)
    width = std::max(width, printable(one.address).size());
  std::string out;
  for (const auto& one : proxies) {
    out += fmt::format("{:<{}}  {}\n", printable(one.address), width, headline_text(one, now_unix_s));
  }
  return out;
}

std::string agreed_text(const std::vector<asked_proxy>& proxies) {
  std::string out;
  if (proxies.empty()) return out;
  for (const auto& entry : proxies.front().pools) {
    const auto& [name, pool] = entry;
    const auto checksum = text_of(*pool.told, "checksum");
    const bool same = std::ranges::all_of(proxies, [&](const auto& other) {
      const auto found = other.pools.find(entry.first);
      return found != other.pools.end() && text_of(*found->second.told, "checksum") == checksum;
    });
    if (same)
      out += fmt::format("pool {}: the same {} member{}, checksum {}\n", name, pool.members.size(),
                         pool.members.size() == 1 ? "" : "s", checksum);
  }
  return out;
}

std::string lines_text(std::string_view title, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  auto out = fmt::format("\n{}\n", title);
  for (std::size_t i = 0; i < std::min(lines.size(), lines_max); ++i)
    out += "  " + lines[i] + '\n';
  if (lines.size() > lines_max) out += fmt::format("  and {} more\n", lines.size() - lines_max);
  return out;
}

} // namespace

comparison compare(const std::vector<proxy_report>& proxies) {
  return comparer(proxies).run();
}

std::string comparison_text(const std::vector<proxy_report>& proxies, const comparison& found,
                            std::int64_t now_unix_s) {
  const auto agreed = agreed_text(asked_of(proxies));
  return proxies_text(proxies, now_unix_s) + (agreed.empty() ? "" : "\n" + agreed) +
         lines_text("They differ:", found.differences) +
         lines_text("What may differ without harm:", found.notes) +
         (found.is_complete ? "" : "\nNot all could be asked.\n");
}

} // namespace limpet::ops
