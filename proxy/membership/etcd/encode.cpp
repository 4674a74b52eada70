#include "proxy/membership/etcd/base64.hpp"
#include "proxy/membership/etcd/codec.hpp"

#include <boost/json.hpp>

namespace limpet::etcd {
namespace {

namespace json = boost::json;

void put_bytes(json::object& out, std::string_view name, std::string_view bytes) {
  if (!bytes.empty()) out[name] = encode_base64(bytes);
}

void put_integer(json::object& out, std::string_view name, std::int64_t value) {
  if (value != 0) out[name] = std::to_string(value);
}

json::object to_json(const range_request& request) {
  json::object out;
  put_bytes(out, "key", request.key);
  put_bytes(out, "range_end", request.range_end);
  put_integer(out, "limit", request.limit);
  put_integer(out, "revision", request.revision);
  return out;
}

json::object to_json(const put_request& request) {
  json::object out;
  put_bytes(out, "key", request.key);
  put_bytes(out, "value", request.value);
  put_integer(out, "lease", request.lease);
  return out;
}

json::object to_json(const delete_range_request& request) {
  json::object out;
  put_bytes(out, "key", request.key);
  put_bytes(out, "range_end", request.range_end);
  return out;
}

std::string_view relation_name(compare::relation how) {
  switch (how) {
  case compare::relation::equal:
    return "EQUAL";
  case compare::relation::not_equal:
    return "NOT_EQUAL";
  case compare::relation::greater:
    return "GREATER";
  case compare::relation::less:
    return "LESS";
  }
  return "EQUAL";
}

/// The operand is always written, at its default too: it decides which member of etcd's `oneof` is set.
json::object to_json(const compare& condition) {
  json::object out;
  put_bytes(out, "key", condition.key);
  put_bytes(out, "range_end", condition.range_end);
  out["result"] = relation_name(condition.how);
  switch (condition.what) {
  case compare::target::create_revision:
    out["target"] = "CREATE";
    out["create_revision"] = std::to_string(condition.number);
    break;
  case compare::target::mod_revision:
    out["target"] = "MOD";
    out["mod_revision"] = std::to_string(condition.number);
    break;
  case compare::target::lease:
    out["target"] = "LEASE";
    out["lease"] = std::to_string(condition.number);
    break;
  case compare::target::value:
    out["target"] = "VALUE";
    out["value"] = encode_base64(condition.value);
    break;
  }
  return out;
}

struct operation_writer {
  json::object operator()(const range_request& request) const {
    return {{"request_range", to_json(request)}};
  }
  json::object operator()(const put_request& request) const { return {{"request_put", to_json(request)}}; }
  json::object operator()(const delete_range_request& request) const {
    return {{"request_delete_range", to_json(request)}};
  }
};

json::array to_json(const std::vector<request_op>& operations) {
  json::array out;
  out.reserve(operations.size());
  for (const request_op& operation : operations) {
    out.push_back(std::visit(operation_writer{}, operation));
  }
  return out;
}

} // namespace

std::string encode(const range_request& request) {
  return json::serialize(to_json(request));
}
std::string encode(const put_request& request) {
  return json::serialize(to_json(request));
}
std::string encode(const delete_range_request& request) {
  return json::serialize(to_json(request));
}

std::string encode(const txn_request& request) {
  json::array compares;
  for (const compare& condition : request.compares) {
    compares.push_back(to_json(condition));
  }
  return json::serialize(json::object{
      {"compare", compares}, {"success", to_json(request.success)}, {"failure", to_json(request.failure)}});
}

std::string encode(const lease_grant_request& request) {
  json::object out;
  put_integer(out, "TTL", request.ttl_s);
  put_integer(out, "ID", request.id);
  return json::serialize(out);
}

std::string encode(const watch_create_request& request) {
  json::object create;
  put_bytes(create, "key", request.key);
  put_bytes(create, "range_end", request.range_end);
  put_integer(create, "start_revision", request.start_revision);
  create["progress_notify"] = true; // a silent stream is otherwise not to be told from a dead one
  create["fragment"] = true;        // bounds a line of the stream to about one request's size
  return json::serialize(json::object{{"create_request", create}});
}

std::string encode_lease_id(std::int64_t id) {
  return json::serialize(json::object{{"ID", std::to_string(id)}});
}

std::string encode_authenticate(std::string_view name, std::string_view password) {
  return json::serialize(json::object{{"name", name}, {"password", password}});
}

} // namespace limpet::etcd
