#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/json_fields.hpp"

namespace limpet::etcd {
namespace {

namespace json = boost::json;

/// The numbers of gRPC's status codes that tell something (google/rpc/code.proto).
enum grpc_code : std::int64_t {
  deadline_exceeded = 4,
  not_found = 5,
  permission_denied = 7,
  out_of_range = 11,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

errc classify(std::int64_t code, std::string_view message) {
  // A token from before a change of users has the code of any bad argument. So has a wrong password.
  if (contains(message, "revision of auth store is old") || contains(message, "invalid auth token")) {
    return errc::unauthenticated;
  }
  if (contains(message, "user name is empty")) return errc::unauthenticated;
  if (contains(message, "authentication failed")) return errc::denied;
  switch (code) {
  case deadline_exceeded:
  case internal:
  case unavailable:
    return errc::unavailable;
  case not_found:
    return errc::not_found;
  case permission_denied:
    return errc::denied;
  case out_of_range:
    return contains(message, "compacted") ? errc::compacted : errc::rejected;
  case unauthenticated:
    return errc::unauthenticated;
  default:
    return errc::rejected;
  }
}

/// An error object of any gateway: the code is "code" or, in a stream up to 3.5, "grpc_code".
error read_status(const json_fields& status) {
  const std::string message = status.text("message");
  const std::int64_t code = status.has("grpc_code") ? status.integer("grpc_code") : status.integer("code");
  return {classify(code, message), "etcd: " + printable(message)};
}

/// Answers from in front of the gateway: plain text from etcd's HTTP server, or a load balancer's page.
error read_plain(unsigned http_status, std::string_view body) {
  if (http_status == 400 && contains(body, "CommonName")) {
    return {errc::denied,
            "etcd has authentication on and refuses a client certificate with a CommonName at its JSON "
            "gateway: use a certificate without a CN, with user name and password"};
  }
  const errc code = http_status >= 500 || http_status == 429 ? errc::unavailable : errc::rejected;
  const std::string text = printable(body.substr(0, body.find_last_not_of(" \r\n") + 1));
  return {code, "etcd: HTTP status " + std::to_string(http_status) + (text.empty() ? "" : ": " + text)};
}

} // namespace

error decode_error(unsigned http_status, std::string_view body) {
  json::error_code failed;
  const json::value parsed = json::parse(body, failed);
  if (failed || !parsed.is_object()) return read_plain(http_status, body);

  bool good = true;
  const json_fields outer(parsed.get_object(), good);
  // In a stream the status is the value of "error"; elsewhere, up to 3.5, "error" repeats the message as a
  // string.
  const json::value* nested = parsed.get_object().if_contains("error");
  const json_fields status = nested != nullptr && nested->is_object() ? outer.object("error") : outer;
  if (!status.has("message")) return read_plain(http_status, body);
  return read_status(status);
}

} // namespace limpet::etcd
