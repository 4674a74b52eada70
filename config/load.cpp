#include "config/load.hpp"

#include "config/check.hpp"
#include "config/declaration.hpp"
#include "config/file.hpp"
#include "config/yaml.hpp"

#include <cstdlib>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t secret_file_bytes_max = 4096;

void name_what_has_no_name(settings& s) {
  for (listener& l : s.listeners)
    if (l.name.empty()) l.name = l.address.text;
  for (route& r : s.routes)
    if (r.name.empty()) r.name = r.host + r.path;
}

/// What stands in the file of a secret, without the newline at its end.
std::string read_secret(const std::string& path, position named_at, reader& r) {
  file_result file = read_file(path, secret_file_bytes_max);
  while (file.text.ends_with('\n') || file.text.ends_with('\r'))
    file.text.pop_back();
  if (!file.error.empty())
    r.error(named_at, file.error);
  else if (file.text.empty())
    r.error(named_at, quoted(path) + " is empty");
  return std::move(file.text);
}

void read_secrets(settings& s, const place& document, reader& r) {
  if (!s.admin.token_file.empty()) {
    const reader::scope admin(r, "admin");
    s.admin.token = read_secret(s.admin.token_file, document.key("admin").key("token_file").where(), r);
  }
  const reader::scope signing(r, "signing");
  const reader::scope list(r, "keys");
  for (std::size_t i = 0; i < s.signing_keys.size(); ++i) {
    signing_key& key = s.signing_keys[i];
    if (key.file.empty()) continue;
    const reader::scope item(r, i);
    key.secret = read_secret(key.file, document.key("signing").key("keys").item(i).key("file").where(), r);
  }
}

constexpr std::string_view etcd_endpoints = "etcd.endpoints"; ///< the one list among the keys of flags

node value_of(const flag& given) {
  if (given.key != etcd_endpoints) return node::scalar(given.values.front());
  node items = node::list();
  for (const std::string& item : given.values)
    items.children.push_back(node::scalar(item));
  return items;
}

/// The value below the keys of a path: "a.b" gives {a: {b: value}}.
node below(std::string_view path, node value) {
  if (path.empty()) return value;
  const std::size_t dot = path.find('.');
  node out = node::map();
  out.children.push_back(below(dot == std::string_view::npos ? "" : path.substr(dot + 1), std::move(value)));
  out.children.back().key = path.substr(0, dot);
  return out;
}

} // namespace

std::vector<issue> set_flag(settings& to, const flag& given) {
  reader r(given.name, {});
  const node document = below(given.key, value_of(given));
  const node& section = document.children.front();
  const reader::scope inside(r, section.key);
  // By section: a whole file begins with defaults, and would forget what is there already.
  if (section.key == "etcd")
    etcd_section()->read(section, to.etcd, r);
  else
    agent_section()->read(section, to.agent ? *to.agent : to.agent.emplace(), r);
  return r.take_errors();
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

load_result load_text(std::string_view text, const std::string& file_name, role who,
                      const environment_function& environment) {
  load_result out;
  const yaml_result yaml = parse_yaml(text);
  if (!yaml.document) {
    out.errors.push_back({file_name, yaml.where.line, yaml.where.column, yaml.message, yaml.hint});
    return out;
  }
  reader r(file_name, environment);
  if (who == role::agent) r.only({"etcd", "agent"});
  declaration().read(*yaml.document, out.settings, r);
  if (who == role::serve) {
    const place document(*yaml.document);
    name_what_has_no_name(out.settings);
    read_secrets(out.settings, document, r);
    check(out.settings, document, r);
  }
  out.errors = r.take_errors();
  out.warnings = r.take_warnings();
  return out;
}

load_result load_file(const std::string& path, role who, const environment_function& environment) {
  const file_result file = read_file(path, document_bytes_max);
  if (file.error.empty()) return load_text(file.text, path, who, environment);
  load_result out;
  out.errors.push_back({path, 0, 0, file.error, ""});
  return out;
}

} // namespace limpet::config
