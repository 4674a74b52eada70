#include "config/declaration.hpp"
#include "config/schema.hpp"

#include <string>

namespace limpet::config {

namespace {

using form = description::form;

std::string code(const std::string& text) {
  return '`' + text + '`';
}

/// What a value is made of, past lists and maps.
const description& core(const description& value) {
  return value.what == form::list || value.what == form::map ? core(value.children.front()) : value;
}

/// The path of what stands in a list or map: "listeners[]", "pools.NAME".
std::string core_path(const description& value, const std::string& path) {
  if (value.what == form::list) return core_path(value.children.front(), path + "[]");
  if (value.what == form::map) return core_path(value.children.front(), path + ".NAME");
  return path;
}

std::string type_text(const description& value) {
  switch (value.what) {
  case form::list:
    return "list of " + type_text(value.children.front()) + 's';
  case form::map:
    return "mapping by name";
  case form::section:
    return "mapping";
  case form::choice: {
    std::string all;
    for (const std::string& name : value.choices)
      all += (all.empty() ? "" : ", ") + code(name);
    return all;
  }
  default:
    return value.type + (value.range.empty() ? "" : ", " + value.range);
  }
}

std::string default_text(const description& value) {
  if (value.key.required) return "required";
  if (value.what == form::section && value.initial) return "see below";
  if (!value.initial) return "none";
  if (value.initial->what != node::kind::list) return code(value.initial->text);
  std::string items;
  for (const node& item : value.initial->children)
    items += (items.empty() ? "" : ", ") + item.text;
  return code('[' + items + ']');
}

std::string reload_text(reload when) {
  switch (when) {
  case reload::live:
    return "live";
  case reload::restart:
    return "restart";
  case reload::agent_start:
    return "agent start";
  }
  return {};
}

/// A key takes effect no sooner than the section that it is in.
reload later(reload outer, reload inner) {
  return outer == reload::live ? inner : outer;
}

void write_section(const description& section, const std::string& path, reload outer, std::string& out) {
  if (section.children.empty()) return;
  if (!path.empty()) out += "\n### " + code(path) + "\n";
  out += "\n| key | type | default | reload | since | effect |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const description& child : section.children) {
    const reload when = later(outer, child.key.takes_effect);
    out += "| " + code(child.key.name) + " | " + type_text(child) + " | " + default_text(child) + " | " +
           reload_text(when) + " | " + child.key.since + " | " + child.key.help + " |\n";
  }
  for (const description& child : section.children) {
    const std::string inner = core_path(child, path.empty() ? child.key.name : path + '.' + child.key.name);
    if (core(child).what == form::section)
      write_section(core(child), inner, later(outer, child.key.takes_effect), out);
  }
}

void list_keys(const description& section, const std::string& path, reload when, std::string& out) {
  for (const description& child : section.children) {
    const std::string name = path + child.key.name;
    if (child.key.takes_effect == when)
      out += (out.empty() ? "" : ", ") + code(name);
    else if (child.what == form::section)
      list_keys(child, name + '.', when, out);
  }
}

} // namespace

std::string reference_markdown() {
  const description whole = declaration().describe();
  std::string restart;
  std::string agent;
  list_keys(whole, "", reload::restart, restart);
  list_keys(whole, "", reload::agent_start, agent);
  std::string out = "| a changed key takes effect | |\n| --- | --- |\n";
  out += "| at the next start of the proxy; a reload keeps what runs, and warns | " + restart + " |\n";
  out += "| at the next start of `limpet agent` | " + agent + " |\n";
  out += "| with a reload, no connection touched | all others |\n";
  write_section(whole, "", reload::live, out);
  return out;
}

} // namespace limpet::config
