#include "config/schema.hpp"
#include "config/yaml.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <regex.h>
#include <stdexcept>

namespace limpet::config {
namespace {

namespace json = boost::json;

std::string content(const std::string& path) {
  std::ifstream in(SOURCE_FOLDER "/" + path);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The schema's patterns mean the same in ECMA 262 and in POSIX. (std::regex gives gcc 12 false alarms under
/// the sanitizers.)
bool matches(const std::string& text, const char* pattern) {
  regex_t compiled;
  if (::regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0) throw std::invalid_argument(pattern);
  const bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

json::object schema() {
  return json::parse(json_schema()).as_object();
}

/// As much of a JSON Schema validator as our schema needs: what is wrong with `value`, or nothing.
class validator {
public:
  explicit validator(const json::object& root) : root_(root) {}

  std::string check(const json::object& schema, const node& value) const {
    if (const auto* any_of = schema.if_contains("anyOf"); any_of && !schema.contains("properties"))
      return check_any(any_of->as_array(), value);
    if (const auto* reference = schema.if_contains("$ref")) {
      EXPECT_EQ(reference->as_string(), "#/definitions/variable");
      return check(root_.at("definitions").at("variable").as_object(), value);
    }
    if (const auto* names = schema.if_contains("enum")) return is_one_of(names->as_array(), value.text);
    const auto& type = schema.at("type").as_string();
    if (type == "object") return check_object(schema, value);
    if (type == "array") return check_array(schema, value);
    if (value.what != node::kind::scalar) return "not a scalar at line " + std::to_string(value.where.line);
    if (type == "integer") return matches(value.text, "^[0-9]+$") ? "" : "not a number: " + value.text;
    if (type == "number")
      return matches(value.text, "^[0-9]+([.][0-9]+)?$") ? "" : "not a number: " + value.text;
    if (type == "boolean")
      return value.text == "true" || value.text == "false" ? "" : "not a boolean: " + value.text;
    const auto* pattern = schema.if_contains("pattern");
    if (!pattern) return "";
    return matches(value.text, pattern->as_string().c_str()) ? "" : "no match: " + value.text;
  }

private:
  std::string check_any(const json::array& any_of, const node& value) const {
    std::string why;
    for (const auto& one : any_of) {
      const std::string wrong = check(one.as_object(), value);
      if (wrong.empty()) return "";
      why += wrong + "; ";
    }
    return why;
  }

  static std::string is_one_of(const json::array& names, const std::string& text) {
    for (const auto& name : names)
      if (name.as_string() == text) return "";
    return "not allowed: " + text;
  }

  std::string check_object(const json::object& schema, const node& value) const {
    if (value.what != node::kind::map) return "not a mapping at line " + std::to_string(value.where.line);
    for (const node& child : value.children) {
      const auto* properties = schema.if_contains("properties");
      const auto* property = properties ? properties->as_object().if_contains(child.key) : nullptr;
      if (!property && schema.contains("patternProperties"))
        property = &schema.at("patternProperties").as_object().begin()->value();
      if (!property) return "no such key: " + child.key;
      if (auto wrong = check(property->as_object(), child); !wrong.empty()) return child.key + ": " + wrong;
    }
    const auto* required = schema.if_contains("required");
    for (const auto& name : required ? required->as_array() : json::array())
      if (!value.find(name.as_string())) return "missing: " + std::string(name.as_string());
    return "";
  }

  std::string check_array(const json::object& schema, const node& value) const {
    if (value.what != node::kind::list) return "not a list at line " + std::to_string(value.where.line);
    for (const node& item : value.children)
      if (auto wrong = check(schema.at("items").as_object(), item); !wrong.empty()) return wrong;
    return "";
  }

  const json::object& root_;
};

std::string check(const std::string& yaml) {
  const json::object root = schema();
  const auto parsed = parse_yaml(yaml);
  EXPECT_TRUE(parsed.document) << parsed.message;
  return validator(root).check(root, *parsed.document);
}

TEST(json_schema, accepts_the_examples) {
  EXPECT_EQ(check(content("deploy/examples/example.yaml")), "");
  EXPECT_EQ(check(content("deploy/examples/static.yaml")), "");
  EXPECT_EQ(check(content("deploy/examples/mcp/limpet.yaml")), "");
  EXPECT_EQ(check(content("deploy/examples/socketio/limpet.yaml")), "");
}

TEST(json_schema, refuses_what_the_parser_refuses) {
  EXPECT_NE(check("listners: []"), "");
  EXPECT_NE(check("workers: many"), "");
  EXPECT_NE(check("timeouts: {idle: 75}"), "");
  EXPECT_NE(check("limits: {header_bytes: 64KB}"), "");
  EXPECT_NE(check("logging: {level: warn}"), "");
  EXPECT_NE(check("pools: {a: {fail_over: next}}"), "");
  EXPECT_NE(check("pools: {a: {members: {etcd: {x: 1}}}}"), "");
  EXPECT_NE(check("pools: {a: {members: {etcd: {}}, health: {http: {path: /, status: [2xx]}}}}"), "");
}

TEST(json_schema, has_numbers_with_a_fraction) {
  EXPECT_EQ(check("pools: {a: {members: {etcd: {}}, bounded_load: 1.25}}").find("bounded_load"),
            std::string::npos);
  EXPECT_NE(check("pools: {a: {members: {etcd: {}}, bounded_load: much}}").find("bounded_load"),
            std::string::npos);
  const json::object root = schema();
  const auto& pools = root.at("properties").at("pools").at("patternProperties").as_object().begin()->value();
  const auto& bound = pools.at("properties").at("bounded_load");
  EXPECT_EQ(bound.at("default"), json::value(0));
  EXPECT_EQ(bound.at("anyOf").at(0), (json::object{{"type", "number"}, {"minimum", 0}, {"maximum", 10}}));
}

TEST(json_schema, accepts_a_variable_where_a_value_stands) {
  EXPECT_EQ(check("workers: ${WORKERS:-4}\ntimeouts: {idle: '${IDLE}'}\nlogging: {level: '${LEVEL}'}"), "");
}

TEST(json_schema, has_descriptions_and_defaults) {
  const json::object root = schema();
  EXPECT_EQ(root.at("additionalProperties"), json::value(false));
  const auto& idle = root.at("properties").at("timeouts").at("properties").at("idle").as_object();
  EXPECT_EQ(idle.at("default"), "75s");
  EXPECT_FALSE(idle.at("description").as_string().empty());
  EXPECT_EQ(root.at("properties").at("workers").at("default"), json::value(0));
  EXPECT_EQ(root.at("properties").at("etcd").at("properties").at("endpoints").at("default"),
            (json::array{"http://127.0.0.1:2379"}));
}

TEST(json_schema, stands_in_the_deploy_folder) {
  EXPECT_TRUE(content("deploy/limpet.schema.json") == json_schema())
      << "deploy/limpet.schema.json is out of date: limpet schema > deploy/limpet.schema.json";
}

TEST(reference_markdown, stands_in_the_readme) {
  const std::string begin = "<!-- reference: begin -->\n";
  const std::string end = "<!-- reference: end -->\n";
  const std::string readme = content("config/README.md");
  const std::size_t from = readme.find(begin);
  const std::size_t to = readme.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  EXPECT_TRUE(readme.substr(from + begin.size(), to - from - begin.size()) == reference_markdown())
      << "config/README.md is out of date: put what `limpet schema --reference` prints between its markers";
}

TEST(reference_markdown, says_when_a_change_takes_effect) {
  const std::string text = reference_markdown();
  EXPECT_THAT(text,
              testing::HasSubstr(
                  "| `listeners`, `etcd`, `admin.address`, `logging.access`, `workers`, `user`, `group` |"));
  EXPECT_THAT(text, testing::HasSubstr(
                        "| `prefix` | key prefix | `/limpet` | restart | 0.1 | What all keys begin with. |"));
  EXPECT_THAT(text,
              testing::HasSubstr("| `level` | `debug`, `info`, `warning`, `error` | `info` | live | 0.1 |"));
}

} // namespace
} // namespace limpet::config
