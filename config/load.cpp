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

void read_secrets(settings& s, const place& document, reader& r) {
  const reader::scope signing(r, "signing");
  const reader::scope list(r, "keys");
  for (std::size_t i = 0; i < s.signing_keys.size(); ++i) {
    signing_key& key = s.signing_keys[i];
    if (key.file.empty()) continue;
    const reader::scope item(r, i);
    const position at = document.key("signing").key("keys").item(i).key("file").where();
    file_result file = read_file(key.file, secret_file_bytes_max);
    while (file.text.ends_with('\n') || file.text.ends_with('\r'))
      file.text.pop_back();
    if (!file.error.empty())
      r.error(at, file.error);
    else if (file.text.empty())
      r.error(at, quoted(key.file) + " is empty");
    key.secret = std::move(file.text);
  }
}

} // namespace

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
