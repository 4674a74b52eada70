#include "config/declaration.hpp"
#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

namespace limpet::config {

namespace {

constexpr std::size_t listener_name_bytes_max = 255;
constexpr std::size_t route_name_bytes_max = 1280; ///< room for the default: a host and a path
constexpr std::size_t upgrades_max = 16;
constexpr std::size_t trusted_max = 1024;

} // namespace

type_ptr<listener> listener_section() {
  using s = listener;
  return section<s>({
      key("name", &s::name, or_none(label(listener_name_bytes_max)),
          "The label in metrics and logs. Default: the address."),
      key("address", &s::address, listen_address(),
          "Where clients connect to: `address:port`, `[v6]:port`, `:port` for every IPv4 address, or "
          "`unix:/path`. Port 0 lets the system choose one.")
          .required(),
  });
}

type_ptr<route> route_section() {
  using s = route;
  return section<s>({
      key("name", &s::name, or_none(label(route_name_bytes_max)),
          "The label in metrics and logs. Default: host and path."),
      key("host", &s::host, or_none(host_pattern()),
          "The host that requests name, without port: exact, or `*.example.com` for every name below it. "
          "Left out: any host. "
          "An exact host goes before the longest `*.` suffix, and that before any host."),
      key("path", &s::path, path_prefix(),
          "The prefix of the path, at a `/` boundary: `/shop` is for `/shop` and `/shop/x`, not for "
          "`/shopping`. The longest "
          "wins."),
      key("pool", &s::pool, name(), "The pool that requests go to.").required(),
      key("upgrades", &s::upgrades, list(upgrade(), {0, upgrades_max}),
          "The Upgrade protocols that pass; every other is taken off the request. `[]`: none. `h2c` never "
          "passes."),
  });
}

type_ptr<limit_settings> limit_section() {
  using s = limit_settings;
  return section<s>({
      key("connections", &s::connections, number(0, 10'000'000),
          "Client connections open at once. 0: no limit."),
      key("connections_per_address", &s::connections_per_address, number(0, 10'000'000),
          "Client connections open at once from one address. 0: no limit."),
      key("request_line_bytes", &s::request_line_bytes, size(256, mib),
          "The request line; a longer one is answered 414."),
      key("header_bytes", &s::header_bytes, size(kib, 16 * mib),
          "A request's head; a longer one is answered 431."),
      key("header_count", &s::header_count, number(1, 10'000),
          "Field lines of a request's head; more are answered 431."),
      key("body_bytes", &s::body_bytes, size(0, 1024 * gib),
          "A request's body; a longer one is answered 413. 0: no limit."),
      key("replay_bytes", &s::replay_bytes, size(0, 16 * mib),
          "How much of a request's body is kept so that the request can be sent again on another "
          "connection."),
      key("epoch_waits", &s::epoch_waits, number(0, 1'000'000),
          "Requests that may wait at once, for `etcd.timeout` or a second at the most, until a pool's "
          "members are read again, since their cookie tells of a later change than this proxy has seen. "
          "More are placed by what is known."),
  });
}

type_ptr<timeout_settings> timeout_section() {
  using s = timeout_settings;
  return section<s>({
      key("header", &s::header, duration(1ms, 1h),
          "From the first byte of a request to the end of its head; then 408."),
      key("body", &s::body, duration(1ms, 24h),
          "Between two reads of a request's body, then 408; and for a client to take more of its answer, "
          "then it is cut."),
      key("idle", &s::idle, duration(1ms, 24h),
          "How long a kept-alive connection waits for the next request."),
  });
}

type_ptr<forwarded_settings> forwarded_section() {
  using s = forwarded_settings;
  return section<s>({
      key("trusted", &s::trusted, list(ip_network(), {0, trusted_max}),
          "Proxies whose `X-Forwarded-*` is believed, as address blocks. The client's address is the last "
          "one that is not "
          "trusted."),
      key("mode", &s::mode, choice<forwarded_mode>({"append", "replace"}),
          "`append`: keep what trusted proxies said, and add to `X-Forwarded-For`. `replace`: say what this "
          "proxy sees, and nothing else."),
  });
}

} // namespace limpet::config
