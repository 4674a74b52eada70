#include "config/declaration.hpp"
#include "config/schema.hpp"

#include <boost/json.hpp>

#include <string>

namespace limpet::config {

namespace {

namespace json = boost::json;
using form = description::form;

json::array strings(const std::vector<std::string>& from) {
  return json::array(from.begin(), from.end());
}

/// Wherever a single value stands, ${NAME} may.
json::object or_variable(json::object one, std::optional<json::object> another = {}) {
  json::array any_of;
  any_of.emplace_back(std::move(one));
  if (another) any_of.emplace_back(std::move(*another));
  any_of.emplace_back(json::object{{"$ref", "#/definitions/variable"}});
  return {{"anyOf", std::move(any_of)}};
}

json::object schema_of(const description& value);

json::object number_schema(const description& value) {
  json::object out{{"type", "integer"}, {"minimum", value.minimum.value_or(0)}};
  if (value.maximum) out["maximum"] = *value.maximum;
  return out;
}

/// With digits after its point; its limits are whole.
json::object decimal_schema(const description& value) {
  json::object out = number_schema(value);
  out["type"] = "number";
  return out;
}

json::object text_schema(const description& value) {
  if (value.pattern.empty()) return {{"type", "string"}};
  return or_variable({{"type", "string"}, {"pattern", value.pattern}},
                     value.number_too ? std::optional(number_schema(value)) : std::nullopt);
}

json::object section_schema(const description& value) {
  json::object properties;
  json::array required;
  for (const description& child : value.children) {
    properties[child.key.name] = schema_of(child);
    if (child.key.required) required.emplace_back(child.key.name);
  }
  json::object out{
      {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) out["required"] = std::move(required);
  if (value.exactly_one_of.empty()) return out;
  json::array one_of;
  for (const std::string& name : value.exactly_one_of)
    one_of.emplace_back(json::object{{"required", strings({name})}});
  out["oneOf"] = std::move(one_of);
  return out;
}

json::object list_schema(const description& value) {
  json::object out{{"type", "array"}, {"items", schema_of(value.children.front())}};
  if (value.minimum.value_or(0) > 0) out["minItems"] = *value.minimum;
  if (value.maximum) out["maxItems"] = *value.maximum;
  return out;
}

json::object map_schema(const description& value) {
  return {{"type", "object"},
          {"additionalProperties", false},
          {"patternProperties", json::object{{value.pattern, schema_of(value.children.front())}}}};
}

json::object form_schema(const description& value) {
  switch (value.what) {
  case form::text:
    return text_schema(value);
  case form::number:
    return or_variable(number_schema(value));
  case form::decimal:
    return or_variable(decimal_schema(value));
  case form::boolean:
    return or_variable({{"type", "boolean"}});
  case form::choice:
    return or_variable({{"enum", strings(value.choices)}});
  case form::section:
    return section_schema(value);
  case form::list:
    return list_schema(value);
  case form::map:
    return map_schema(value);
  }
  return {};
}

json::value default_value(const description& value, const node& initial) {
  if (initial.what == node::kind::list) {
    json::array out;
    for (const node& item : initial.children)
      out.push_back(default_value(value.children.front(), item));
    return out;
  }
  if (value.what == form::number) return json::value(std::stoull(initial.text));
  if (value.what == form::decimal) return json::parse(initial.text);
  if (value.what == form::boolean) return json::value(initial.text == "true");
  return json::value(initial.text);
}

bool has_default(const description& value) {
  return value.initial && !value.key.required && value.what != form::section && value.what != form::map;
}

json::object schema_of(const description& value) {
  json::object out;
  if (!value.key.help.empty()) out["description"] = value.key.help;
  if (!value.range.empty()) out["description"] = value.key.help + " Range: " + value.range + '.';
  if (has_default(value)) out["default"] = default_value(value, *value.initial);
  for (auto& [name, part] : form_schema(value))
    out[name] = std::move(part);
  return out;
}

void write(const json::value& value, std::string& out, std::size_t indent);

/// One member or element a line.
template <class Container, class Write>
void write_lines(const Container& items, char open, char close, std::string& out, std::size_t indent,
                 Write write_item) {
  out += open;
  bool first = true;
  for (const auto& item : items) {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(indent + 2, ' ');
    write_item(item);
  }
  if (!first) out.append("\n").append(indent, ' ');
  out += close;
}

void write(const json::value& value, std::string& out, std::size_t indent) {
  if (const json::object* object = value.if_object()) {
    write_lines(*object, '{', '}', out, indent, [&](const auto& member) {
      out += json::serialize(member.key()) + ": ";
      write(member.value(), out, indent + 2);
    });
  } else if (const json::array* array = value.if_array()) {
    write_lines(*array, '[', ']', out, indent, [&](const auto& item) { write(item, out, indent + 2); });
  } else {
    out += json::serialize(value);
  }
}

} // namespace

std::string json_schema() {
  json::object schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
                      {"title", "Limpet configuration"}};
  for (auto& [name, part] : section_schema(declaration().describe()))
    schema[name] = std::move(part);
  // A file for `limpet agent` alone has no listeners.
  json::array any_of;
  any_of.emplace_back(json::object{{"required", std::move(schema["required"])}});
  any_of.emplace_back(json::object{{"required", strings({"agent"})}});
  schema["anyOf"] = std::move(any_of);
  schema.erase("required");
  json::object variable{{"type", "string"}, {"pattern", "\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\}"}};
  schema["definitions"] = json::object{{"variable", std::move(variable)}};
  std::string out;
  write(schema, out, 0);
  return out + '\n';
}

} // namespace limpet::config
