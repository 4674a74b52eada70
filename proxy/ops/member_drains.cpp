#include "proxy/ops/member_drains.hpp"

#include "proxy/membership/member_codec.hpp"
#include "proxy/ops/json_text.hpp"
#include "proxy/ops/query.hpp"

#include <algorithm>
#include <optional>

namespace limpet::ops {

namespace {

namespace json = boost::json;

/// Members named in an error, of all pools together.
constexpr std::size_t names_max = 200;
constexpr std::size_t by_bytes_max = 128;

drain_answer error(unsigned status, std::string text) {
  return {status, {{"error", std::move(text)}}};
}

/// What is wrong with it, if anything is.
std::optional<drain_answer> read_query(std::string_view query, drain_verb verb, drain_target& out) {
  const auto parameters = parse_query(query);
  if (!parameters) return error(400, "a \"%\" without two hexadecimal digits");
  for (const auto& [name, value] : *parameters) {
    auto* field = name == "pool"     ? &out.pool
                  : name == "member" ? &out.member
                  : name == "by"     ? &out.by
                                     : nullptr;
    if (!field) return error(400, "a drain has pool, member and by, and no other parameter");
    if (!field->empty()) return error(400, "\"" + std::string(name) + "\" is given twice");
    *field = value;
  }
  if (out.member.empty()) return error(400, "give a member");
  if (!membership::is_member_id(out.member)) return error(400, "no member has such a name");
  if (!out.by.empty() && !can_be_named(out.by))
    return error(400, "\"by\" has at most 128 bytes of printable ASCII");
  if (verb == drain_verb::begin && out.by.empty()) out.by = "admin";
  return {};
}

bool has_member(const pool_facts& pool, std::string_view member) {
  return pool.pool->view.find(member) != routing::view::npos;
}

bool has_drain(const pool_facts& pool, std::string_view member) {
  return std::ranges::any_of(pool.drains, [&](const auto& one) { return one.member == member; });
}

json::array names_of(const std::vector<const pool_facts*>& pools) {
  json::array names;
  for (const auto* pool : pools)
    names.emplace_back(to_utf8(pool->pool->settings.name));
  return names;
}

/// What there is, as far as a person reads it.
json::array inventory(const std::vector<const pool_facts*>& pools) {
  json::array out;
  std::size_t named = 0;
  for (const auto* pool : pools) {
    json::array members;
    for (const auto& m : pool->pool->view.members())
      if (named++ < names_max) members.emplace_back(to_utf8(m.id));
    out.push_back({{"name", to_utf8(pool->pool->settings.name)}, {"members", std::move(members)}});
  }
  return out;
}

drain_answer not_found(std::string text, const std::vector<const pool_facts*>& there) {
  auto answer = error(404, std::move(text));
  answer.content["pools"] = inventory(there);
  return answer;
}

/// The one pool that is meant.
std::variant<const pool_facts*, drain_answer> find_pool(const std::vector<const pool_facts*>& all,
                                                        const drain_target& wanted, drain_verb verb) {
  if (!wanted.pool.empty()) {
    for (const auto* pool : all)
      if (pool->pool->settings.name == wanted.pool) return pool;
    return not_found("there is no pool " + to_utf8(wanted.pool), all);
  }
  std::vector<const pool_facts*> having;
  for (const auto* pool : all)
    if (has_member(*pool, wanted.member) || (verb == drain_verb::undo && has_drain(*pool, wanted.member)))
      having.push_back(pool);
  if (having.empty()) return not_found("no pool has a member " + wanted.member, all);
  if (having.size() == 1) return having.front();
  auto answer = error(400, "several pools have a member " + wanted.member + ": say which");
  answer.content["pools"] = names_of(having);
  return answer;
}

/// Where a pool's members are not etcd's, its drains are not either.
drain_answer elsewhere(const pool_facts& pool, drain_verb verb) {
  const auto& members = pool.pool->settings.members;
  const bool is_file = members.source == config::source_kind::file;
  const std::string what =
      verb == drain_verb::begin ? "give the member `state: draining`" : "take `state` off it";
  const auto name = to_utf8(pool.pool->settings.name);
  if (is_file)
    return error(409, "the members of pool " + name + " come from the file " + to_utf8(members.file_path) +
                          ": " + what + " there, and it is read at once");
  return error(409,
               "the members of pool " + name + " stand in the configuration: " + what + " there, and reload");
}

bool is_last_ready(const routing::view& view, std::string_view member) {
  return std::ranges::none_of(view.members(), [&](const routing::member& one) {
    return one.id != member && one.state == routing::member_state::ready;
  });
}

/// What a person should know who has just drained the member.
json::array notes_of(const pool_facts& pool, std::string_view member) {
  json::array notes;
  if (pool.rails && pool.rails->suspended)
    notes.emplace_back("the pool is suspended: its view changes only once it is resumed");
  const auto is_it = [&](const auto& departed) { return departed.id == member; };
  if (pool.rails && std::ranges::any_of(pool.rails->held, is_it))
    notes.emplace_back("the member has left etcd and is only held in the view, as it was: `limpet "
                       "membership apply` takes it out");
  if (is_last_ready(pool.pool->view, member))
    notes.emplace_back("no other member of the pool is ready: new sessions have nowhere to go");
  return notes;
}

} // namespace

bool can_be_named(std::string_view by) noexcept {
  return !by.empty() && by.size() <= by_bytes_max &&
         std::ranges::all_of(by, [](char c) { return c >= ' ' && c <= '~'; });
}

std::variant<drain_target, drain_answer> find_drain_target(const std::vector<pool_facts>& pools,
                                                           std::string_view query, drain_verb verb) {
  drain_target target;
  if (auto wrong = read_query(query, verb, target)) return std::move(*wrong);
  std::vector<const pool_facts*> all;
  for (const auto& pool : pools)
    if (pool.pool) all.push_back(&pool);
  auto found = find_pool(all, target, verb);
  if (auto* wrong = std::get_if<drain_answer>(&found)) return std::move(*wrong);
  const auto& pool = *std::get<const pool_facts*>(found);
  target.pool = pool.pool->settings.name;
  const bool is_known = has_member(pool, target.member);
  if (pool.pool->settings.members.source != config::source_kind::etcd) {
    if (is_known) return elsewhere(pool, verb);
  } else if (is_known || verb == drain_verb::undo) {
    return target; // etcd knows better than we do what there is to undo
  } else if (!pool.source.ready) {
    return error(503, "the members of pool " + to_utf8(target.pool) + " are not known yet");
  }
  return not_found("pool " + to_utf8(target.pool) + " has no member " + target.member, {&pool});
}

drain_answer answer_of(const drain_target& target, drain_verb verb, const drain_outcome& outcome,
                       const std::vector<pool_facts>& pools) {
  using kind = drain_outcome::kind;
  const bool begins = verb == drain_verb::begin;
  switch (outcome.what) {
  case kind::done:
  case kind::nothing_to_do:
    break;
  case kind::no_answer:
    return error(503,
                 "etcd did not answer, and it is not known whether it was done: " + to_utf8(outcome.problem));
  case kind::refused:
    return error(502, to_utf8(outcome.problem));
  }
  const bool is_done = outcome.what == kind::done;
  if (!begins && !is_done)
    return error(404, "pool " + to_utf8(target.pool) + " has no drain of member " + target.member);
  drain_answer answer{200,
                      {{"pool", to_utf8(target.pool)},
                       {"member", target.member},
                       {"drain", !begins   ? "undone"
                                 : is_done ? "begun"
                                           : "begun earlier"}}};
  const auto pool = std::ranges::find_if(
      pools, [&](const auto& one) { return one.pool && one.pool->settings.name == target.pool; });
  if (!begins || pool == pools.end()) return answer; // a reload may have taken it away meanwhile
  if (auto notes = notes_of(*pool, target.member); !notes.empty()) answer.content["notes"] = std::move(notes);
  return answer;
}

json::array drains_array(const std::vector<membership::operator_drain>& drains) {
  json::array out;
  for (const auto& one : drains) {
    json::object drain{{"member", one.member}};
    if (!one.note.by.empty()) drain["by"] = one.note.by;
    if (!one.note.at.empty()) drain["at"] = one.note.at;
    drain["member_is_there"] = one.is_there;
    out.emplace_back(std::move(drain));
  }
  return out;
}

json::object drains_json(const std::vector<pool_facts>& pools) {
  json::array list;
  for (const auto& pool : pools)
    if (pool.pool && pool.pool->settings.members.source == config::source_kind::etcd)
      list.push_back({{"name", to_utf8(pool.pool->settings.name)},
                      {"stale", pool.source.stale},
                      {"drains", drains_array(pool.drains)}});
  return {{"pools", std::move(list)}};
}

} // namespace limpet::ops
