#include "proxy/membership/etcd/json_fields.hpp"

#include "proxy/membership/etcd/base64.hpp"

#include <charconv>
#include <optional>

namespace limpet::etcd {
namespace {

namespace json = boost::json;

template <class Number>
std::optional<Number> to_number(const json::value& value) {
  if (value.is_string()) {
    const json::string& text = value.get_string();
    Number number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
  }
  json::error_code failed;
  const auto number = value.to_number<Number>(failed);
  if (failed) return std::nullopt;
  return number;
}

template <class Number>
Number number_or_spoil(const json::value* value, bool& good) {
  if (value == nullptr) return 0;
  const auto number = to_number<Number>(*value);
  if (!number) good = false;
  return number.value_or(0);
}

} // namespace

const json::value* json_fields::find(std::string_view name) const {
  const json::value* value = object_->if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

bool json_fields::has(std::string_view name) const {
  return find(name) != nullptr;
}

std::int64_t json_fields::integer(std::string_view name) const {
  return number_or_spoil<std::int64_t>(find(name), *good_);
}

std::uint64_t json_fields::natural(std::string_view name) const {
  return number_or_spoil<std::uint64_t>(find(name), *good_);
}

std::string json_fields::text(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->get_string());
  *good_ = false;
  return {};
}

std::string json_fields::bytes(std::string_view name) const {
  auto decoded = decode_base64(text(name));
  if (!decoded) *good_ = false;
  return std::move(decoded).value_or(std::string());
}

bool json_fields::flag(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  *good_ = false;
  return false;
}

json_fields json_fields::object(std::string_view name) const {
  static const json::object empty;
  const json::value* value = find(name);
  if (value == nullptr) return {empty, *good_};
  if (value->is_object()) return {value->get_object(), *good_};
  *good_ = false;
  return {empty, *good_};
}

void json_fields::each(std::string_view name, function_ref<void(const json_fields&)> use) const {
  const json::value* value = find(name);
  if (value == nullptr) return;
  if (!value->is_array()) {
    *good_ = false;
    return;
  }
  for (const json::value& element : value->get_array()) {
    if (!element.is_object()) {
      *good_ = false;
      return;
    }
    use(json_fields(element.get_object(), *good_));
  }
}

} // namespace limpet::etcd
