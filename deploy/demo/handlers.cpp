#include "deploy/demo/handlers.hpp"

#include "deploy/demo/request.hpp"

#include <boost/beast/http/verb.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace limpet::demo {

namespace http = boost::beast::http;
namespace json = boost::json;

namespace {

response json_response(const service& s, const json::value& value) {
  return make_response(s, http::status::ok, json::serialize(value) + "\n", "application/json");
}

response plain(const service& s, http::status status, std::string_view why) {
  return make_response(s, status, std::string(why) + "\n");
}

response refuse_method(const service& s, std::string_view allowed) {
  auto answer = plain(s, http::status::method_not_allowed, "this path does not take that method");
  answer.set(http::field::allow, allowed);
  return answer;
}

bool is_read(const request& r) {
  return r.method() == http::verb::get || r.method() == http::verb::head;
}

json::object describe(const service& s, std::string_view session) {
  return {{"member", s.id},
          {"incarnation", s.incarnation},
          {"session", session},
          {"counter", s.sessions.counter(session)},
          {"sessions", s.sessions.sessions()},
          {"requests", s.requests},
          {"connections", s.connections}};
}

json::object counted(const service& s, std::string_view session, std::uint64_t counter) {
  return {{"member", s.id}, {"session", session}, {"counter", counter}};
}

/// The head as it was received. Beast keeps the order of the fields, but for repeated ones, which stand
/// together.
json::object echo_head(const request& r) {
  json::array fields;
  for (const auto& field : r)
    fields.push_back({json::value(field.name_string()), json::value(field.value())});
  return {{"method", r.method_string()},
          {"target", r.target()},
          {"version", r.version() == 11 ? "1.1" : "1.0"},
          {"fields", std::move(fields)}};
}

response put_value(service& s, std::string_view session, std::string_view key, std::string_view value) {
  switch (s.sessions.put(session, key, value)) {
  case store::put_outcome::created:
    return plain(s, http::status::created, "created");
  case store::put_outcome::replaced:
    return plain(s, http::status::ok, "replaced");
  case store::put_outcome::name_too_long:
    return plain(s, http::status::bad_request, "the name is too long");
  case store::put_outcome::value_too_long:
    return plain(s, http::status::payload_too_large, "the value is too long");
  case store::put_outcome::full:
    break;
  }
  return plain(s, http::status::insufficient_storage, "this member has no room for more");
}

response handle_value(service& s, const request& r, std::string_view session, std::string_view key) {
  if (key.empty()) return plain(s, http::status::bad_request, "a key is missing after /kv/");
  if (r.method() == http::verb::put) return put_value(s, session, key, r.body());
  if (r.method() == http::verb::delete_) {
    const bool erased = s.sessions.erase(session, key);
    return erased ? plain(s, http::status::ok, "deleted") : plain(s, http::status::not_found, "no such key");
  }
  if (!is_read(r)) return refuse_method(s, "GET, HEAD, PUT, DELETE");
  const auto value = s.sessions.get(session, key);
  if (!value) return plain(s, http::status::not_found, "no such key");
  return make_response(s, http::status::ok, std::string(*value), "application/octet-stream");
}

response handle_counter(service& s, const request& r, std::string_view session) {
  if (is_read(r)) return json_response(s, counted(s, session, s.sessions.counter(session)));
  if (r.method() != http::verb::post) return refuse_method(s, "GET, HEAD, POST");
  const auto counter = s.sessions.count(session);
  if (!counter)
    return plain(s, http::status::insufficient_storage, "this member has no room for more sessions");
  return json_response(s, counted(s, session, *counter));
}

} // namespace

response make_response(const service& s, http::status status, std::string body,
                       std::string_view content_type) {
  response answer{status, 11};
  answer.set("X-Member", s.id);
  answer.set(http::field::content_type, content_type);
  answer.body() = std::move(body);
  answer.prepare_payload();
  return answer;
}

response handle(service& s, const request& r) {
  const auto [path, query] = split_target(r.target());
  if (path == "/healthz") return make_response(s, http::status::ok, "ok\n");
  if (path == "/headers") return json_response(s, echo_head(r));

  const auto session = session_of(r, query);
  if (path == "/") return json_response(s, describe(s, session));

  constexpr std::string_view values = "/kv/";
  const bool of_session = path == "/counter" || path.starts_with(values);
  if (!of_session) return plain(s, http::status::not_found, "no such path");
  if (session.empty()) {
    return plain(s, http::status::bad_request,
                 "no session: send X-User-Id, a cookie named session or limpet, or ?user=");
  }
  if (path == "/counter") return handle_counter(s, r, session);
  return handle_value(s, r, session, path.substr(values.size()));
}

std::string handle_text(service& s, std::string_view session, std::string_view message) {
  if (message == "whoami") return json::serialize(describe(s, session));
  if (session.empty()) return std::string(message);
  if (message == "counter") {
    const auto counter = s.sessions.count(session);
    return counter ? json::serialize(counted(s, session, *counter)) : "full";
  }
  if (message.starts_with("get "))
    return std::string(s.sessions.get(session, message.substr(4)).value_or("no such key"));
  if (message.starts_with("put ")) {
    const auto rest = message.substr(4);
    const auto space = std::min(rest.find(' '), rest.size());
    const auto value = rest.substr(std::min(space + 1, rest.size()));
    return put_value(s, session, rest.substr(0, space), value).body();
  }
  return std::string(message);
}

} // namespace limpet::demo
