#include "proxy/membership/drain_codec.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace limpet::membership {
namespace {

namespace json = boost::json;

constexpr std::size_t value_bytes_max = 4096;
constexpr std::size_t text_bytes_max = 128;

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  const std::string_view text = value->get_string();
  const bool is_printable = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  return is_printable && text.size() <= text_bytes_max ? std::string(text) : std::string();
}

} // namespace

std::string encode_drain(const drain_note& note) {
  return json::serialize(json::object{{"by", note.by}, {"at", note.at}});
}

drain_note decode_drain(std::string_view value) {
  if (value.size() > value_bytes_max) return {};
  json::error_code failed;
  const json::value parsed = json::parse(value, failed);
  if (failed || !parsed.is_object()) return {};
  return {text_of(parsed.get_object(), "by"), text_of(parsed.get_object(), "at")};
}

} // namespace limpet::membership
