#include "proxy/membership/etcd/base64.hpp"
#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/json_fields.hpp"

#include <algorithm>
#include <type_traits>

namespace limpet::etcd {
namespace {

namespace json = boost::json;

error malformed(std::string_view what) {
  return {errc::malformed, "etcd's answer is not understood: " + std::string(what)};
}

result<json::object> parse(std::string_view text, std::string_view what) {
  json::error_code failed;
  json::value parsed = json::parse(text, failed);
  if (failed) return malformed(std::string(what) + ": " + failed.message());
  if (!parsed.is_object()) return malformed(std::string(what) + ": no JSON object");
  return std::move(parsed.get_object());
}

template <class Read>
using message_of = std::invoke_result_t<const Read&, const json_fields&>;

/// `read` makes the message from the object's fields; a field of a wrong type anywhere spoils it.
template <class Read>
result<message_of<Read>> read_message(const json::object& object, std::string_view what, const Read& read) {
  bool good = true;
  message_of<Read> message = read(json_fields(object, good));
  if (!good) return malformed(std::string(what) + ": a field has the wrong type");
  return message;
}

template <class Read>
result<message_of<Read>> decode(std::string_view text, std::string_view what, const Read& read) {
  const auto object = parse(text, what);
  if (!object) return object.error();
  return read_message(*object, what, read);
}

/// A stream's line holds a message under "result" or an error under "error".
template <class Read>
result<message_of<Read>> decode_line(std::string_view line, std::string_view what, const Read& read) {
  const auto object = parse(line, what);
  if (!object) return object.error();
  if (object->contains("error")) return decode_error(200, line);
  const json::value* message = object->if_contains("result");
  if (message == nullptr || !message->is_object())
    return malformed(std::string(what) + ": neither result nor error");
  return read_message(message->get_object(), what, read);
}

response_header read_header(const json_fields& fields) {
  const json_fields header = fields.object("header");
  return {header.natural("cluster_id"), header.natural("member_id"), header.integer("revision")};
}

key_value read_key_value(const json_fields& fields) {
  return {.key = fields.bytes("key"),
          .value = fields.bytes("value"),
          .create_revision = fields.integer("create_revision"),
          .mod_revision = fields.integer("mod_revision"),
          .lease = fields.integer("lease")};
}

range_response read_range(const json_fields& fields) {
  range_response response{.header = read_header(fields), .kvs = {}, .more = fields.flag("more")};
  fields.each("kvs", [&](const json_fields& kv) { response.kvs.push_back(read_key_value(kv)); });
  return response;
}

put_response read_put(const json_fields& fields) {
  return {read_header(fields)};
}

delete_range_response read_delete_range(const json_fields& fields) {
  return {read_header(fields), fields.integer("deleted")};
}

response_op read_operation(const json_fields& fields) {
  if (fields.has("response_put")) return read_put(fields.object("response_put"));
  if (fields.has("response_delete_range")) return read_delete_range(fields.object("response_delete_range"));
  return read_range(fields.object("response_range"));
}

watch_event read_event(const json_fields& fields) {
  const auto type = fields.text("type") == "DELETE" ? watch_event::type::remove : watch_event::type::put;
  return {type, read_key_value(fields.object("kv"))};
}

watch_response read_watch(const json_fields& fields) {
  watch_response response{.header = read_header(fields),
                          .created = fields.flag("created"),
                          .canceled = fields.flag("canceled"),
                          .compact_revision = fields.integer("compact_revision"),
                          .cancel_reason = printable(fields.text("cancel_reason")),
                          .events = {}};
  fields.each("events", [&](const json_fields& event) { response.events.push_back(read_event(event)); });
  return response;
}

} // namespace

result<range_response> decode_range(std::string_view body) {
  return decode(body, "range", read_range);
}
result<put_response> decode_put(std::string_view body) {
  return decode(body, "put", read_put);
}

result<delete_range_response> decode_delete_range(std::string_view body) {
  return decode(body, "deleterange", read_delete_range);
}

result<txn_response> decode_txn(std::string_view body) {
  return decode(body, "txn", [](const json_fields& fields) {
    txn_response response{
        .header = read_header(fields), .succeeded = fields.flag("succeeded"), .responses = {}};
    fields.each("responses",
                [&](const json_fields& op) { response.responses.push_back(read_operation(op)); });
    return response;
  });
}

result<lease_grant_response> decode_lease_grant(std::string_view body) {
  auto response = decode(body, "lease/grant", [](const json_fields& fields) {
    return lease_grant_response{read_header(fields), fields.integer("ID"), fields.integer("TTL")};
  });
  if (response && response->id == 0) return malformed("lease/grant: no ID");
  return response;
}

result<std::string> decode_authenticate(std::string_view body) {
  auto token =
      decode(body, "auth/authenticate", [](const json_fields& fields) { return fields.text("token"); });
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  if (token && (token->empty() || !std::ranges::all_of(*token, is_visible))) {
    return malformed("auth/authenticate: no usable token");
  }
  return token;
}

result<lease_keep_alive_response> decode_keep_alive(std::string_view line) {
  return decode_line(line, "lease/keepalive", [](const json_fields& fields) {
    return lease_keep_alive_response{read_header(fields), fields.integer("ID"), fields.integer("TTL")};
  });
}

result<watch_response> decode_watch(std::string_view line) {
  return decode_line(line, "watch", read_watch);
}

} // namespace limpet::etcd
