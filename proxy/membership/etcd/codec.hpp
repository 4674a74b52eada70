#pragma once

#include "proxy/membership/etcd/error.hpp"
#include "proxy/membership/etcd/messages.hpp"

#include <string>
#include <string_view>

/// The JSON gateway's texts (etcd's "gRPC gateway", 3.4 to 3.6): keys and values in base64, 64-bit integers
/// as strings, fields at their default left out. Decoding takes hostile bytes: it never throws on them, and a
/// field that is there with a wrong type is an error (errc::malformed), while unknown fields are ignored.
namespace limpet::etcd {

std::string encode(const range_request& request);
std::string encode(const put_request& request);
std::string encode(const delete_range_request& request);
std::string encode(const txn_request& request);
std::string encode(const lease_grant_request& request);
std::string encode(const watch_create_request& request);
std::string encode_lease_id(std::int64_t id); ///< the body of keepalive and revoke
std::string encode_authenticate(std::string_view name, std::string_view password);

result<range_response> decode_range(std::string_view body);
result<put_response> decode_put(std::string_view body);
result<delete_range_response> decode_delete_range(std::string_view body);
result<txn_response> decode_txn(std::string_view body);
result<lease_grant_response> decode_lease_grant(std::string_view body);
/// The token; visible ASCII only, since it goes into a header field.
result<std::string> decode_authenticate(std::string_view body);

/// One line of a keepalive's or a watch's stream: {"result":…}, or an error in its place.
result<lease_keep_alive_response> decode_keep_alive(std::string_view line);
result<watch_response> decode_watch(std::string_view line);

/// What an answer with a status other than 200 says. The body may be {"error","code","message"} (to 3.5),
/// {"code","message"} (google.rpc.Status, from 3.6), or plain text from in front of the gateway.
error decode_error(unsigned http_status, std::string_view body);

} // namespace limpet::etcd
