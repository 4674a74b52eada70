#include "config/members_file.hpp"

#include "config/declaration.hpp"
#include "config/file.hpp"
#include "config/section.hpp"
#include "config/yaml.hpp"

namespace limpet::config {

namespace {

struct members_file {
  std::vector<routing::member> members;
};

const type<members_file>& members_declaration() {
  static const type_ptr<members_file> whole = section<members_file>({
      key("members", &members_file::members, member_list(), "The members of a pool.").required(),
  });
  return *whole;
}

} // namespace

members_result parse_members(std::string_view text, const std::string& file_name) {
  const yaml_result yaml = parse_yaml(text);
  if (!yaml.document) return {{}, {{file_name, yaml.where.line, yaml.where.column, yaml.message, yaml.hint}}};
  reader r(file_name, nullptr);
  members_file file;
  members_declaration().read(*yaml.document, file, r);
  return {std::move(file.members), r.take_errors()};
}

members_result load_members(const std::string& path) {
  const file_result file = read_file(path, document_bytes_max);
  if (!file.error.empty()) return {{}, {{path, 0, 0, file.error, ""}}};
  return parse_members(file.text, path);
}

} // namespace limpet::config
