#include "config/type.hpp"

#include "config/nearest.hpp"
#include "config/section.hpp"

#include <algorithm>
#include <set>

namespace limpet::config {

namespace {

void report_unknown(const node& child, std::span<const key_info> declared, reader& r) {
  std::vector<std::string> names;
  for (const key_info& info : declared)
    names.push_back(info.name);
  r.error(child.key_where, "unknown key " + quoted(child.key), did_you_mean(child.key, names));
}

void report_repeated(const node& child, position first, reader& r) {
  r.error(child.key_where, "the key " + quoted(child.key) + " is given twice",
          "it is first given in line " + std::to_string(first.line));
}

std::string joined(std::span<const std::string> names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += names[i];
  }
  return out;
}

std::string first_sentence(const std::string& help) {
  return help.substr(0, help.find(". "));
}

void check_exactly_one(const node& from, std::span<const std::string> names, reader& r) {
  std::vector<const node*> given;
  for (const node& child : from.children)
    if (std::ranges::find(names, child.key) != names.end() && from.find(child.key) == &child)
      given.push_back(&child);
  if (given.empty()) r.error(from.where, "must have one of " + joined(names));
  for (std::size_t i = 1; i < given.size(); ++i)
    r.error(given[i]->key_where, quoted(given[i]->key) + " beside " + quoted(given[0]->key),
            "give one of " + joined(names));
}

} // namespace

bool is_list(const node& value, item_range range, reader& r) {
  if (!r.is(node::kind::list, value)) return false;
  const std::size_t items = value.children.size();
  if (items < range.min) r.error(value.where, "must have at least " + std::to_string(range.min) + " item");
  if (items > range.max) r.error(value.where, "must have at most " + std::to_string(range.max) + " items");
  return items <= range.max;
}

void read_names(const node& value, const type<std::string>& name, reader& r,
                const std::function<void(const std::string& name, const node& value)>& each) {
  if (!r.is(node::kind::map, value)) return;
  std::map<std::string_view, position> seen;
  for (const node& child : value.children) {
    const auto [first, is_new] = seen.try_emplace(child.key, child.key_where);
    if (!is_new) {
      report_repeated(child, first->second, r);
      continue;
    }
    std::string read;
    node key = node::scalar(child.key);
    key.where = child.key_where;
    name.read(key, read, r);
    each(child.key, child);
  }
}

std::vector<const node*> match_keys(const node& from, std::span<const key_info> declared,
                                    std::span<const std::string> exactly_one_of, reader& r) {
  if (!r.is(node::kind::map, from)) return {};
  std::vector<const node*> found(declared.size(), nullptr);
  for (const node& child : from.children) {
    const auto info = std::ranges::find(declared, child.key, &key_info::name);
    if (info == declared.end()) {
      report_unknown(child, declared, r);
      continue;
    }
    const node*& slot = found[static_cast<std::size_t>(info - declared.begin())];
    if (slot)
      report_repeated(child, slot->key_where, r);
    else if (!r.passes_over(child.key))
      slot = &child;
  }
  if (!exactly_one_of.empty()) check_exactly_one(from, exactly_one_of, r);
  for (std::size_t i = 0; i < declared.size(); ++i)
    if (!found[i] && declared[i].required && !r.passes_over(declared[i].name))
      r.error(from.where, "must have " + quoted(declared[i].name), first_sentence(declared[i].help));
  return found;
}

bool is_redacted(const node& value, const key_info& info, reader& r) {
  if (!info.secret || value.text != redacted) return false;
  r.error(value.where, "a secret that was hidden when it was printed", "write the secret itself");
  return true;
}

} // namespace limpet::config
