#include "proxy/ops/told_object.hpp"

#include "proxy/ops/json_text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace limpet::ops {

namespace json = boost::json;

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = std::max<std::size_t>(utf8_sequence_size(text, at), 1);
    const auto first = static_cast<unsigned char>(text[at]);
    const bool is_control = first < 0x20 || first == 0x7f ||
                            (first == 0xc2 && size == 2 && static_cast<unsigned char>(text[at + 1]) < 0xa0);
    if (is_control)
      out += '?';
    else
      out += to_utf8(text.substr(at, size));
    at += size;
  }
  return out;
}

const json::value* find(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(name);
  return value && !value->is_null() ? value : nullptr;
}

std::string text_of(const json::object& in, std::string_view name) {
  const auto* value = find(in, name);
  if (!value) return {};
  if (const auto* text = value->if_string()) return printable({text->data(), text->size()});
  return printable(json::serialize(*value));
}

const json::object& object_of(const json::object& in, std::string_view name) {
  static const json::object none;
  const auto* value = find(in, name);
  return value && value->is_object() ? value->get_object() : none;
}

const json::array& array_of(const json::object& in, std::string_view name) {
  static const json::array none;
  const auto* value = find(in, name);
  return value && value->is_array() ? value->get_array() : none;
}

bool is_true(const json::object& in, std::string_view name) {
  const auto* value = find(in, name);
  return value && value->is_bool() && value->get_bool();
}

std::optional<bool> truth_of(const json::object& in, std::string_view name) {
  const auto* value = find(in, name);
  if (!value || !value->is_bool()) return {};
  return value->get_bool();
}

std::optional<std::uint64_t> number_of(const json::object& in, std::string_view name) {
  const auto* value = find(in, name);
  if (!value) return {};
  json::error_code no_number;
  const auto number = value->to_number<std::uint64_t>(no_number);
  if (no_number) return {};
  return number;
}

} // namespace limpet::ops
