#pragma once

#include "routing/address.hpp"
#include "routing/cookie.hpp"
#include "routing/member.hpp"
#include "routing/session_key.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// The configuration as plain values with their defaults. What each key does, its unit and its limits are
/// declared once, in config/declaration.hpp, which the parser, the printer, the JSON Schema and the reference
/// are made from.
namespace limpet::config {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

inline constexpr std::uint64_t kib = 1024;
inline constexpr std::uint64_t mib = 1024 * kib;
inline constexpr std::uint64_t gib = 1024 * mib;

/// "host:port", "[v6]:port", ":port" or "unix:/path", checked for form.
struct endpoint {
  std::string text;
  friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct listener {
  std::string name;
  endpoint address;
  friend bool operator==(const listener&, const listener&) = default;
};

struct route {
  std::string name; ///< the label in metrics and logs; default host and path
  std::string host; ///< lower case: exact, "*.suffix" or empty for any
  std::string path = "/";
  std::string pool;
  std::vector<std::string> upgrades{"websocket"}; ///< lower case
  friend bool operator==(const route&, const route&) = default;
};

enum class source_kind : std::uint8_t { none, static_, file, etcd };

struct member_settings {
  source_kind source = source_kind::none;
  std::vector<routing::member> static_members;
  std::string file_path;
  friend bool operator==(const member_settings&, const member_settings&) = default;
};

struct issue_settings {
  std::chrono::seconds max_age = 24h * 30;
  routing::same_site site = routing::same_site::lax;
  std::string path = "/";
  std::string domain;
  friend bool operator==(const issue_settings&, const issue_settings&) = default;
};

enum class no_key_mode : std::uint8_t { balance, refuse };

struct session_settings {
  std::vector<routing::key_source> key;
  std::optional<issue_settings> issued; ///< of the one source with key_source::issued
  no_key_mode otherwise = no_key_mode::balance;
  std::uint32_t key_bytes_max = 1024;
  friend bool operator==(const session_settings&, const session_settings&) = default;
};

enum class handoff_mode : std::uint8_t { available, barrier };
enum class fail_over_mode : std::uint8_t { next, refuse };

struct pool_timeout_settings {
  milliseconds connect = 1s;
  milliseconds answer = 60s; ///< from the request's end to the answer's whole head
  milliseconds body = 60s;   ///< between two reads of an answer's body; none for event streams
  milliseconds upstream_idle = 4s;
  milliseconds tunnel_idle = 0s;         ///< 0: none
  milliseconds tunnel_half_closed = 60s; ///< silence once one side has ended; 0: none
  milliseconds tunnel_lifetime = 0s;     ///< 0: none
  friend bool operator==(const pool_timeout_settings&, const pool_timeout_settings&) = default;
};

struct pool_limit_settings {
  std::uint32_t connections_per_member = 0; ///< 0: no limit
  std::uint32_t idle_per_member = 64;       ///< a worker
  std::uint64_t header_bytes = 64 * kib;    ///< of an answer's head
  friend bool operator==(const pool_limit_settings&, const pool_limit_settings&) = default;
};

/// What becomes of what is under way with a member that leaves.
enum class removal_action : std::uint8_t { keep, drain, close };

struct removal_settings {
  removal_action action = removal_action::drain;
  milliseconds deadline = 30s;
  std::uint32_t per_second = 0; ///< tunnels and event streams; 0: spread over half the deadline
  std::uint32_t jitter_percent = 50;
  friend bool operator==(const removal_settings&, const removal_settings&) = default;
};

/// How sessions with another owner follow it.
struct rebalance_settings {
  std::uint32_t per_second = 50; ///< tunnels and event streams; 0: none
  std::uint32_t jitter_percent = 50;
  friend bool operator==(const rebalance_settings&, const rebalance_settings&) = default;
};

/// Statuses from `first` to `last`.
struct status_range {
  std::uint32_t first = 200;
  std::uint32_t last = 399;
  friend bool operator==(const status_range&, const status_range&) = default;
};

/// Checks of each member that the proxy makes by itself.
struct health_settings {
  std::string http_path;                ///< empty: to connect is enough
  std::string http_host;                ///< the Host field; empty: the member's address
  std::vector<status_range> status{{}}; ///< of a good answer
  milliseconds interval = 2s;           ///< from the beginning of one check to that of the next
  milliseconds timeout = 1s;
  std::uint32_t healthy = 2;         ///< passed checks in a row
  std::uint32_t unhealthy = 3;       ///< failed checks in a row
  std::uint32_t jitter_percent = 10; ///< how much longer or shorter an interval may be
  friend bool operator==(const health_settings&, const health_settings&) = default;
};

/// When a member that takes connections, but does not answer them well, is left alone for a while.
struct ejection_settings {
  std::uint32_t consecutive_failures = 5; ///< requests without a proper answer; 0: however many
  std::uint32_t consecutive_5xx = 0;      ///< answers of 5xx, and failures; 0: however many
  milliseconds base = 10s;                ///< of the first ejection
  milliseconds longest = 5min;
  std::uint32_t max_ejected_percent = 50; ///< of the ready members, rounded down
  friend bool operator==(const ejection_settings&, const ejection_settings&) = default;
};

struct damping_settings {
  std::uint32_t flaps = 3; ///< 0: no damping. A rolling restart makes one, a second try two
  milliseconds window = 60s;
  milliseconds steady = 30s;
  friend bool operator==(const damping_settings&, const damping_settings&) = default;
};

/// What keeps a pool's view from following its source blindly. Static members have none.
struct rail_settings {
  std::uint32_t max_removal_percent = 50; ///< 100: removals are not held back
  milliseconds window = 10s;              ///< twice an agent's default lease
  milliseconds settle = 1s; ///< etcd revokes leases that have run out twice a second, one by one
  milliseconds hold = 60s;  ///< long enough for agents to register again, and for an alert to be seen
  damping_settings damping;
  friend bool operator==(const rail_settings&, const rail_settings&) = default;
};

/// How many requests may wait for a commit, in each worker, and for how long.
struct parking_settings {
  std::uint32_t per_session = 32;
  std::uint32_t requests = 1024;
  std::uint64_t bytes = 16 * 1024 * kib;
  milliseconds time = 10s;
  friend bool operator==(const parking_settings&, const parking_settings&) = default;
};

/// What `handoff: barrier` rests on; see barrier.hpp. All proxies of a pool must have the same.
struct barrier_settings {
  milliseconds window = 3s;
  milliseconds work_max = 3s;
  milliseconds margin = 250ms;
  std::uint32_t drift_thousandths = 1;
  milliseconds lease_ttl = 5s;
  milliseconds batch = 100ms;
  std::string cluster = "limpet";
  parking_settings parking;
  friend bool operator==(const barrier_settings&, const barrier_settings&) = default;
};

struct pool {
  std::string name;
  member_settings members;
  session_settings session;
  handoff_mode handoff = handoff_mode::available;
  barrier_settings barrier;
  fail_over_mode fail_over = fail_over_mode::next;
  removal_settings on_remove;
  rebalance_settings rebalance;
  std::uint32_t bounded_load_thousandths = 0; ///< 1250: 1.25 times the mean; 0: no bound
  pool_timeout_settings timeouts;
  pool_limit_settings limits;
  std::optional<health_settings> health; ///< none: no checks
  ejection_settings ejection;
  rail_settings rails;
  friend bool operator==(const pool&, const pool&) = default;
};

struct etcd_tls_settings {
  std::string ca;          ///< file; empty: the system's
  std::string certificate; ///< file; empty: none
  std::string key;         ///< file
  friend bool operator==(const etcd_tls_settings&, const etcd_tls_settings&) = default;
};

struct etcd_settings {
  std::vector<std::string> endpoints{"http://127.0.0.1:2379"};
  std::string prefix = "/limpet";
  milliseconds relist = 45s;
  milliseconds timeout =
      5s; ///< of one request; a watch that is silent for longer than progress allows is opened anew
  std::string username;
  std::string password;
  etcd_tls_settings tls;
  std::string snapshot; ///< folder of last views for a cold start; empty: none
  friend bool operator==(const etcd_settings&, const etcd_settings&) = default;
};

struct signing_key {
  std::string id;
  std::string secret;
  std::string file; ///< the secret's file, instead of `secret`; read when the configuration is
  friend bool operator==(const signing_key&, const signing_key&) = default;
};

struct limit_settings {
  std::uint32_t connections = 9000;
  std::uint32_t connections_per_address = 0;
  std::uint64_t request_line_bytes = 16 * kib;
  std::uint64_t header_bytes = 64 * kib;
  std::uint32_t header_count = 100;
  std::uint64_t body_bytes = 0;
  std::uint64_t replay_bytes = 64 * kib; ///< of a request's body kept for a retry
  std::uint32_t epoch_waits = 1000;      ///< requests that wait at once for members to be read again
  friend bool operator==(const limit_settings&, const limit_settings&) = default;
};

struct timeout_settings {
  milliseconds header = 10s;
  milliseconds body = 30s;
  milliseconds idle = 75s;
  friend bool operator==(const timeout_settings&, const timeout_settings&) = default;
};

struct shutdown_settings {
  milliseconds delay = 0s;
  milliseconds drain = 30s;
  friend bool operator==(const shutdown_settings&, const shutdown_settings&) = default;
};

enum class forwarded_mode : std::uint8_t { append, replace };

struct forwarded_settings {
  std::vector<routing::ip_network> trusted;
  forwarded_mode mode = forwarded_mode::append;
  friend bool operator==(const forwarded_settings&, const forwarded_settings&) = default;
};

struct admin_settings {
  std::optional<endpoint> address; ///< none: no admin listener
  std::string token;               ///< that requests must show (RFC 6750); empty: none is asked for
  std::string token_file;          ///< the token's file, instead of `token`; read when the configuration is
  friend bool operator==(const admin_settings&, const admin_settings&) = default;
};

enum class log_level : std::uint8_t { debug, info, warning, error };

struct logging_settings {
  log_level level = log_level::info;
  std::string access = "off"; ///< "off", "stdout" or a path
  friend bool operator==(const logging_settings&, const logging_settings&) = default;
};

/// `limpet agent` reads this section and `etcd`, and nothing else.
struct agent_check_settings {
  std::string http_path; ///< empty: a TCP connect
  milliseconds interval = 2s;
  milliseconds timeout = 1s;
  std::uint32_t healthy = 1;   ///< successes in a row
  std::uint32_t unhealthy = 2; ///< failures in a row
  friend bool operator==(const agent_check_settings&, const agent_check_settings&) = default;
};

/// In how many steps a weight grows at the most.
inline constexpr std::uint32_t slow_start_steps = 10;

struct agent_settings {
  std::string pool;
  std::string id;
  endpoint address;
  std::uint32_t weight = 1;
  std::string zone;
  milliseconds lease_ttl = 5s;  ///< whole seconds, at least 2 s
  milliseconds drain = 5s;      ///< between "draining" and the end of the registration
  milliseconds linger = 20s;    ///< at most, between the end of the registration and the backend's SIGTERM
  milliseconds slow_start = 0s; ///< from the first share of the weight to all of it; 0: all of it at once
  agent_check_settings check;
  friend bool operator==(const agent_settings&, const agent_settings&) = default;
};

struct settings {
  std::vector<listener> listeners;
  std::vector<route> routes;
  std::map<std::string, pool> pools;
  etcd_settings etcd;
  std::vector<signing_key> signing_keys;
  limit_settings limits;
  timeout_settings timeouts;
  shutdown_settings shutdown;
  forwarded_settings forwarded;
  admin_settings admin;
  logging_settings logging;
  std::optional<agent_settings> agent;
  std::uint32_t workers = 0; ///< 0: one a core
  std::string user;          ///< whom a proxy that was started as root becomes; empty: it stays root
  std::string group;         ///< empty: the user's
  friend bool operator==(const settings&, const settings&) = default;
};

} // namespace limpet::config
