#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

/// etcd's v3 API as plain values. Names and defaults are those of etcd's rpc.proto; what this project does
/// not use is left out.
namespace limpet::etcd {

struct response_header {
  std::uint64_t cluster_id = 0;
  std::uint64_t member_id = 0;
  std::int64_t revision = 0; ///< the store's when the answer was made
};

struct key_value {
  std::string key;
  std::string value;
  std::int64_t create_revision = 0;
  std::int64_t mod_revision = 0;
  std::int64_t lease = 0; ///< 0: none
};

/// One key, or all keys in [key, range_end). Linearizable.
struct range_request {
  std::string key;
  std::string range_end;     ///< empty: the one key
  std::int64_t limit = 0;    ///< most keys to return; 0: no limit
  std::int64_t revision = 0; ///< the store as it was then; 0: now
};

struct range_response {
  response_header header;
  std::vector<key_value> kvs; ///< in the order of their keys
  bool more = false;          ///< the limit cut the answer short
};

struct put_request {
  std::string key;
  std::string value;
  std::int64_t lease = 0;
};

struct put_response {
  response_header header;
};

struct delete_range_request {
  std::string key;
  std::string range_end;
};

struct delete_range_response {
  response_header header;
  std::int64_t deleted = 0;
};

/// A transaction's condition on one key: its create revision (0: absent) or mod revision, its lease or its
/// value.
struct compare {
  enum class target : std::uint8_t { create_revision, mod_revision, lease, value };
  enum class relation : std::uint8_t { equal, not_equal, greater, less };

  std::string key;
  target what = target::create_revision;
  relation how = relation::equal;
  std::int64_t number = 0; ///< for all targets but the value
  std::string value;
  std::string range_end{}; ///< where not empty: of each key from `key` to before this; of none it is true
};

using request_op = std::variant<range_request, put_request, delete_range_request>;
using response_op = std::variant<range_response, put_response, delete_range_response>;

/// Does all of `success` if every comparison holds, else all of `failure`, in one revision.
struct txn_request {
  std::vector<compare> compares;
  std::vector<request_op> success;
  std::vector<request_op> failure;
};

struct txn_response {
  response_header header;
  bool succeeded = false;
  std::vector<response_op> responses; ///< one for each operation done
};

struct lease_grant_request {
  std::int64_t ttl_s = 0; ///< a minimum: etcd may grant more
  std::int64_t id = 0;    ///< 0: etcd chooses
};

struct lease_grant_response {
  response_header header;
  std::int64_t id = 0;
  std::int64_t ttl_s = 0;
};

struct lease_keep_alive_response {
  response_header header;
  std::int64_t id = 0;
  std::int64_t ttl_s = 0; ///< 0: the lease is gone
};

struct watch_create_request {
  std::string key;
  std::string range_end;
  std::int64_t start_revision = 0; ///< the first whose events are wanted; 0: from now on
};

struct watch_event {
  enum class type : std::uint8_t { put, remove };

  type what = type::put;
  key_value kv; ///< of a removal: only the key, and mod_revision is the removal's
};

struct watch_response {
  response_header header;
  bool created = false;
  bool canceled = false;
  std::int64_t compact_revision = 0; ///< not 0: canceled because the start revision was compacted away
  std::string cancel_reason;
  std::vector<watch_event> events;
};

} // namespace limpet::etcd
