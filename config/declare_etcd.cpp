#include "config/declaration.hpp"
#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

namespace limpet::config {

namespace {

constexpr std::size_t endpoints_max = 16;
constexpr std::size_t username_bytes_max = 256;
constexpr std::size_t zone_bytes_max = 128;

void check_tls(const etcd_tls_settings& tls, const place& at, reader& r) {
  if (!tls.certificate.empty() && tls.key.empty())
    r.error(at.key("certificate").key_where(), "a certificate without its key", "add key");
  if (tls.certificate.empty() && !tls.key.empty())
    r.error(at.key("key").key_where(), "a key without its certificate", "add certificate");
}

void check_etcd(const etcd_settings& etcd, const place& at, reader& r) {
  if (etcd.username.empty() && !etcd.password.empty())
    r.error(at.key("password").key_where(), "a password without a username", "add username");
  if (!etcd.username.empty() && etcd.password.empty())
    r.error(at.key("username").key_where(), "a username without a password", "add password");
}

type_ptr<etcd_tls_settings> tls_section() {
  using s = etcd_tls_settings;
  auto tls = section<s>({
      key("ca", &s::ca, or_none(file_path()), "PEM file of the authorities to trust. Default: the system's."),
      key("certificate", &s::certificate, or_none(file_path()), "PEM file of the client certificate."),
      key("key", &s::key, or_none(file_path()), "PEM file of the client certificate's key."),
  });
  return checked(std::move(tls), check_tls);
}

type_ptr<agent_check_settings> agent_check_section() {
  using s = agent_check_settings;
  return section<s>({
      key("path", &s::http_path, or_none(request_path()),
          "Ask with GET for this path; an answer of 200 to 399 is healthy. Left out: to connect is enough."),
      key("interval", &s::interval, duration(10ms, 1h), "Between two checks."),
      key("timeout", &s::timeout, duration(1ms, 1h), "Of one check."),
      key("healthy", &s::healthy, number(1, 100), "Good checks in a row that register the member."),
      key("unhealthy", &s::unhealthy, number(1, 100), "Failed checks in a row that take it out."),
  });
}

} // namespace

type_ptr<etcd_settings> etcd_section() {
  using s = etcd_settings;
  auto etcd = section<s>({
      key("endpoints", &s::endpoints, list(etcd_endpoint(), {1, endpoints_max}),
          "Client URLs of the cluster, `http://host:port` or `https://host:port`. One that answers is "
          "enough."),
      key("prefix", &s::prefix, etcd_prefix(), "What all keys begin with."),
      key("relist", &s::relist, duration(100ms, 1h),
          "How often the members are listed anew, beside the watch."),
      key("timeout", &s::timeout, duration(10ms, 10min), "Of one request to etcd."),
      key("username", &s::username, or_none(label(username_bytes_max)), "For an etcd with authentication."),
      key("password", &s::password, or_none(secret()), "For an etcd with authentication.").secret(),
      key("tls", &s::tls, tls_section(), "For `https` endpoints."),
      key("snapshot", &s::snapshot, or_none(file_path()),
          "Folder where the last view of each pool is kept, for a start while etcd is away. Left out: none "
          "is kept."),
  });
  return checked(std::move(etcd), check_etcd);
}

type_ptr<agent_settings> agent_section() {
  using s = agent_settings;
  return section<s>({
      key("pool", &s::pool, or_none(name()), "The pool to join. Here or as `--pool`."),
      key("id", &s::id, or_none(name()), "The member's id. Here or as `--id`."),
      key("address", &s::address, or_none(agent_address()),
          "Where proxies reach the backend: `host:port`, `[v6]:port` or `unix:/path`. Here or as "
          "`--address`."),
      key("weight", &s::weight, number(1, routing::member_weight_max), "The member's share of the sessions."),
      key("zone", &s::zone, or_none(label(zone_bytes_max)), "Where it runs."),
      key("lease_ttl", &s::lease_ttl, whole_seconds(2s, 1h),
          "How long the registration outlives an agent that is gone. Whole seconds."),
      key("drain", &s::drain, duration(0ms, 24h),
          "On SIGTERM, how long the member stays registered as draining: new sessions go elsewhere."),
      key("linger", &s::linger, duration(0ms, 24h),
          "How long a backend that the agent started goes on, at most, once it is no longer registered: "
          "proxies let its live connections go over half of `on_remove.deadline`. It ends sooner where none "
          "is open."),
      key("slow_start", &s::slow_start, duration_or_zero(1s, 24h),
          "From its registration on, over this time, the member's weight grows to `weight` in up to ten "
          "steps. "
          "Each is a change of the view for all proxies. 0: the whole weight at once."),
      key("check", &s::check, agent_check_section(), "Whether the backend is well."),
  });
}

} // namespace limpet::config
