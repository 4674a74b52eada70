#include "proxy/membership/ownership_codec.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace limpet::membership {
namespace {

namespace json = boost::json;
using ownership::record;
using ownership::record_state;
using routing::member;
using routing::member_state;
using members = std::vector<member>;

json::array encode_one(const member& m) {
  return {m.id,     m.incarnation, m.address,
          m.weight, m.zone,        m.state == member_state::ready ? "ready" : "draining"};
}

json::array encode_all(const members& all) {
  json::array list;
  list.reserve(all.size());
  for (const auto& m : all)
    list.push_back(encode_one(m));
  return list;
}

const member* find(const members& all, const std::string& id) {
  const auto found = std::ranges::lower_bound(all, id, {}, &member::id);
  return found != all.end() && found->id == id ? &*found : nullptr;
}

/// What to do to the members to have the base: put these, and take those out.
json::object encode_base(const record& r) {
  json::array put;
  json::array without;
  for (const auto& m : r.base)
    if (const auto* now = find(r.members, m.id); now == nullptr || *now != m) put.push_back(encode_one(m));
  for (const auto& m : r.members)
    if (find(r.base, m.id) == nullptr) without.push_back(json::string(m.id));
  return {{"put", std::move(put)}, {"without", std::move(without)}};
}

/// One object's fields; the first complaint stays.
class record_reader {
public:
  explicit record_reader(const json::object& object) : object_(object) {}

  std::string text(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
    complain(name, "is not a string");
    return {};
  }

  std::uint64_t number(std::string_view name) {
    const auto* value = object_.if_contains(name);
    json::error_code failed;
    if (value != nullptr) {
      const auto found = value->to_number<std::uint64_t>(failed);
      if (!failed) return found;
    }
    complain(name, "is not a number");
    return 0;
  }

  const json::object* object(std::string_view name) {
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_object()) return &value->get_object();
    complain(name, "is not an object");
    return nullptr;
  }

  members list(std::string_view name) {
    members all;
    for (const auto& item : array(name)) {
      auto one = item.is_array() ? one_of(item.get_array()) : std::nullopt;
      const bool in_order = !one || all.empty() || all.back().id < one->id;
      if (!one || !in_order) {
        complain(name, !one ? "has an entry that is no member" : "is not in the order of ids");
        return {};
      }
      all.push_back(std::move(*one));
    }
    return all;
  }

  std::vector<std::string> names(std::string_view name) {
    std::vector<std::string> all;
    for (const auto& item : array(name)) {
      if (!item.is_string()) {
        complain(name, "has an entry that is no id");
        return {};
      }
      all.emplace_back(item.get_string());
    }
    return all;
  }

  void complain(std::string_view name, std::string_view what) {
    if (complaint_.empty()) complaint_.append("\"").append(name).append("\" ").append(what);
  }
  const std::string& complaint() const noexcept { return complaint_; }

private:
  const json::array& array(std::string_view name) {
    static const json::array none;
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_array()) return value->get_array();
    complain(name, "is not an array");
    return none;
  }

  /// By the rules for a member's own value, so that nothing gets in here that would not get in there.
  static std::optional<member> one_of(const json::array& fields) {
    if (fields.size() != 6 || !fields[0].is_string()) return std::nullopt;
    const json::object as_value{{"incarnation", fields[1]},
                                {"address", fields[2]},
                                {"weight", fields[3]},
                                {"zone", fields[4]},
                                {"state", fields[5]}};
    auto read = decode_member(fields[0].get_string(), json::serialize(as_value));
    return read && !is_host_name(read->address) ? std::optional(std::move(*read)) : std::nullopt;
  }

  const json::object& object_;
  std::string complaint_;
};

/// The base of a PREPARE; its complaint is the reader's.
members decode_base(const json::object& difference, const members& now, record_reader& outer) {
  record_reader fields(difference);
  const auto put = fields.list("put");
  auto without = fields.names("without");
  if (!fields.complaint().empty()) {
    outer.complain("base", "is damaged: " + fields.complaint());
    return {};
  }
  std::ranges::sort(without);
  members base;
  for (const auto& m : now)
    if (!std::ranges::binary_search(without, m.id) && find(put, m.id) == nullptr) base.push_back(m);
  base.insert(base.end(), put.begin(), put.end());
  std::ranges::sort(base, {}, &member::id);
  return base;
}

std::string complaint_of_terms(record_reader& fields, const ownership_terms& wanted) {
  const std::pair<std::string_view, const std::string&> all[] = {{"cluster", wanted.cluster},
                                                                 {"placement", wanted.placement},
                                                                 {"keys_digest", wanted.keys_digest},
                                                                 {"limits", wanted.limits}};
  for (const auto& [name, ours] : all) {
    const auto theirs = fields.text(name);
    if (fields.complaint().empty() && theirs != ours)
      return "its " + std::string(name) + " is \"" + theirs.substr(0, 128) + "\", and ours \"" + ours + "\"";
  }
  return fields.complaint();
}

json::object terms_object(const ownership_terms& terms) {
  return {{"cluster", terms.cluster},
          {"placement", terms.placement},
          {"keys_digest", terms.keys_digest},
          {"limits", terms.limits}};
}

/// An object, and nothing else.
std::optional<json::value> parse_object(std::string_view value, std::size_t bytes_max) {
  json::error_code failed;
  if (value.size() > bytes_max) return std::nullopt;
  auto parsed = json::parse(value, failed);
  if (failed || !parsed.is_object()) return std::nullopt;
  return parsed;
}

} // namespace

std::string encode_record(const record& r, const ownership_terms& terms) {
  auto object = terms_object(terms);
  object["state"] = ownership::to_string(r.state);
  object["members_rev"] = r.members_rev;
  object["members"] = encode_all(r.members);
  if (r.is_prepare()) {
    object["base_epoch"] = r.base_epoch;
    object["base"] = encode_base(r);
  } else {
    object["epoch"] = r.epoch;
  }
  return json::serialize(object);
}

value_or_reason<record> decode_record(std::string_view value, std::uint64_t mod_revision,
                                      const ownership_terms& terms) {
  const auto parsed = parse_object(value, view_bytes_max);
  if (!parsed) return bad_value{"it is not a JSON object, or too large"};
  record_reader fields(parsed->get_object());
  if (auto why = complaint_of_terms(fields, terms); !why.empty()) return bad_value{std::move(why)};

  record r;
  r.revision = mod_revision;
  const auto state = fields.text("state");
  if (state != "PREPARE" && state != "COMMITTED")
    fields.complain("state", "is neither PREPARE nor COMMITTED");
  r.state = state == "PREPARE" ? record_state::prepare : record_state::committed;
  r.members_rev = fields.number("members_rev");
  r.members = fields.list("members");
  if (r.is_prepare()) {
    r.epoch = mod_revision;
    r.base_epoch = fields.number("base_epoch");
    if (const auto* base = fields.object("base")) r.base = decode_base(*base, r.members, fields);
  } else {
    r.epoch = fields.number("epoch");
  }
  if (r.members_rev > mod_revision) fields.complain("members_rev", "is of a revision that was not there yet");
  if (r.committed_epoch() >= mod_revision)
    fields.complain(r.is_prepare() ? "base_epoch" : "epoch", "is not from before");
  if (!fields.complaint().empty()) return bad_value{fields.complaint()};
  return r;
}

bool is_of_other_terms(std::string_view value, const ownership_terms& terms) {
  const auto parsed = parse_object(value, view_bytes_max);
  if (!parsed) return false;
  record_reader fields(parsed->get_object());
  const ownership_terms theirs{fields.text("cluster"), fields.text("placement"), fields.text("keys_digest"),
                               fields.text("limits")};
  return fields.complaint().empty() && theirs.cluster == terms.cluster && theirs != terms;
}

std::string encode_router(const ownership_terms& terms) {
  return json::serialize(terms_object(terms));
}

std::string complaint_of_router(std::string_view value, const ownership_terms& terms) {
  const auto parsed = parse_object(value, 4096);
  if (!parsed) return "it is not a JSON object, or too large";
  record_reader fields(parsed->get_object());
  return complaint_of_terms(fields, terms);
}

std::string encode_acknowledgement(std::uint64_t revision) {
  return std::to_string(revision);
}

value_or_reason<std::uint64_t> decode_acknowledgement(std::string_view value) {
  std::uint64_t revision = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), revision);
  if (failed != std::errc() || end != value.data() + value.size() || revision == 0)
    return bad_value{"it is not a revision"};
  return revision;
}

} // namespace limpet::membership
