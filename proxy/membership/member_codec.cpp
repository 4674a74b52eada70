#include "proxy/membership/member_codec.hpp"

#include "proxy/net/socket_address.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace limpet::membership {
namespace {

namespace json = boost::json;

constexpr std::size_t host_bytes_max = 253; // RFC 1035 section 2.3.4, without the final dot
constexpr std::size_t text_bytes_max = 128;
constexpr std::string_view not_an_address = "\"address\" is not host:port, [v6]:port or unix:/path";

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_address(std::string_view text) {
  if (!is_printable(text)) return false;
  if (const auto parsed = net::socket_address::parse(text, net::socket_address::use::connect)) {
    return text.starts_with("unix:") || parsed->port() != 0;
  }
  if (text.starts_with("unix:")) return false;
  const auto name = net::split_host_port(text);
  return name && name->port != 0 && !name->host.empty() && name->host.size() <= host_bytes_max &&
         std::ranges::all_of(name->host, is_name_character);
}

/// Reads one object's fields into a member; the first complaint stays.
class member_reader {
public:
  explicit member_reader(const json::object& object) : object_(object) {}

  void text(std::string_view name, std::string& out) {
    const json::value* value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) return complain(name, "is not a string");
    const std::string_view found = value->get_string();
    if (found.size() > text_bytes_max || !is_printable(found))
      return complain(name, "is too long or not printable");
    out = found;
  }

  void weight(std::uint32_t& out) {
    const json::value* value = find("weight");
    if (value == nullptr) return;
    json::error_code failed;
    const auto number = value->to_number<std::uint32_t>(failed);
    if (failed || number < 1 || number > routing::member_weight_max) {
      return complain("weight", "is not an integer from 1 to " + std::to_string(routing::member_weight_max));
    }
    out = number;
  }

  void state(routing::member_state& out) {
    std::string name = "ready";
    text("state", name);
    if (name != "ready" && name != "draining") return complain("state", "is neither ready nor draining");
    out = name == "ready" ? routing::member_state::ready : routing::member_state::draining;
  }

  void metadata() {
    const json::value* value = find("metadata");
    if (value != nullptr && !value->is_object()) complain("metadata", "is not an object");
  }

  void address(std::string& out) {
    const json::value* value = find("address");
    const bool good = value != nullptr && value->is_string() && is_address(value->get_string());
    if (!good && complaint_.empty()) complaint_ = not_an_address;
    if (good) out = value->get_string();
  }

  const std::string& complaint() const noexcept { return complaint_; }

private:
  const json::value* find(std::string_view name) const {
    const json::value* value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  void complain(std::string_view name, std::string_view what) {
    if (complaint_.empty()) complaint_.append("\"").append(name).append("\" ").append(what);
  }

  const json::object& object_;
  std::string complaint_;
};

} // namespace

bool is_member_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= text_bytes_max && std::ranges::all_of(id, is_name_character);
}

bool is_host_name(std::string_view address) {
  return !net::socket_address::parse(address, net::socket_address::use::connect);
}

std::string encode_member(const routing::member& member) {
  const bool is_ready = member.state == routing::member_state::ready;
  return json::serialize(json::object{{"address", member.address},
                                      {"incarnation", member.incarnation},
                                      {"weight", member.weight},
                                      {"zone", member.zone},
                                      {"state", is_ready ? "ready" : "draining"},
                                      {"metadata", json::object()}});
}

value_or_reason<routing::member> decode_member(std::string_view id, std::string_view value) {
  if (!is_member_id(id)) return bad_value{"its id is not [A-Za-z0-9._-]{1,128}"};
  if (value.size() > member_value_bytes_max) return bad_value{"its value is larger than 64 KiB"};
  json::error_code failed;
  const json::value parsed = json::parse(value, failed);
  if (failed || !parsed.is_object()) return bad_value{"its value is not a JSON object"};

  routing::member member;
  member.id = id;
  member_reader fields(parsed.get_object());
  fields.address(member.address);
  fields.text("incarnation", member.incarnation);
  fields.weight(member.weight);
  fields.text("zone", member.zone);
  fields.state(member.state);
  fields.metadata();
  if (!fields.complaint().empty()) return bad_value{fields.complaint()};
  return member;
}

} // namespace limpet::membership
