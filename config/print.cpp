#include "config/print.hpp"

#include "config/declaration.hpp"
#include "config/yaml.hpp"

namespace limpet::config {

namespace {

void escape_dollars(node& tree) {
  for (std::size_t at = tree.text.find('$'); at != std::string::npos; at = tree.text.find('$', at + 2))
    tree.text.insert(at, 1, '$');
  for (node& child : tree.children)
    escape_dollars(child);
}

node write(const settings& s, secrets show) {
  return declaration().write(s, show).value_or(node::map());
}

bool differ(const node* a, const node* b) {
  return a && b ? *a != *b : a != b;
}

void compare(const description& section, const node* running, const node* wanted, const std::string& path,
             std::vector<std::string>& out) {
  for (const description& key : section.children) {
    const node* a = running ? running->find(key.key.name) : nullptr;
    const node* b = wanted ? wanted->find(key.key.name) : nullptr;
    if (!differ(a, b)) continue;
    if (key.key.takes_effect == reload::restart)
      out.push_back(path + key.key.name);
    else if (key.what == description::form::section)
      compare(key, a, b, path + key.key.name + '.', out);
  }
}

} // namespace

std::string print_settings(const settings& s, secrets show) {
  node document = write(s, show);
  escape_dollars(document);
  return emit_yaml(document);
}

std::vector<std::string> restart_needed(const settings& running, const settings& wanted) {
  std::vector<std::string> keys;
  const node a = write(running, secrets::shown);
  const node b = write(wanted, secrets::shown);
  compare(declaration().describe(), &a, &b, "", keys);
  return keys;
}

} // namespace limpet::config
