#include "config/declaration.hpp"
#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/text.hpp"
#include "config/units.hpp"
#include "routing/request_target.hpp"

#include <charconv>
#include <string>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t status_ranges_max = 16;
constexpr std::uint32_t status_min = 100;
constexpr std::uint32_t status_max = 599;

/// Three digits at the front of `text`, which are taken off it.
bool take_status(std::string_view& text, std::uint32_t& out) {
  const std::size_t digits = 3;
  const auto number = text.substr(0, digits);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), out);
  if (error != std::errc{} || end != number.data() + digits) return false;
  text.remove_prefix(digits);
  return out >= status_min && out <= status_max;
}

std::optional<problem> parse_status_range(std::string_view text, status_range& out) {
  std::string_view rest = text;
  status_range range;
  bool good = take_status(rest, range.first);
  range.last = range.first;
  if (good && rest.starts_with('-')) {
    rest.remove_prefix(1);
    good = take_status(rest, range.last);
  }
  if (!good || !rest.empty() || range.last < range.first)
    return problem{"not a status: " + quoted(text), "write 200, or 200-399 for a range, from 100 to 599"};
  out = range;
  return {};
}

type_ptr<status_range> status() {
  description shape{.type = "status or range",
                    .pattern = "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$",
                    .minimum = status_min,
                    .maximum = status_max,
                    .number_too = true};
  return std::make_shared<scalar<status_range>>(
      std::move(shape), parse_status_range, [](const status_range& range) {
        const auto first = std::to_string(range.first);
        return range.first == range.last ? first : first + '-' + std::to_string(range.last);
      });
}

type_ptr<std::string> host_field() {
  return text_type({.type = "host"}, [](std::string& text) -> std::optional<problem> {
    std::string host;
    if (routing::parse_authority(text, host)) return {};
    return problem{"not a host: " + quoted(text), "write a name or an address, with or without a port"};
  });
}

// The section as it stands in the file: with one of http and tcp.
struct http_entry {
  std::string path;
  std::string host;
  std::vector<status_range> status{{}};
};
struct tcp_entry {};
struct health_entry {
  std::optional<http_entry> http;
  std::optional<tcp_entry> tcp;
  milliseconds interval = health_settings{}.interval;
  milliseconds timeout = health_settings{}.timeout;
  std::uint32_t healthy = health_settings{}.healthy;
  std::uint32_t unhealthy = health_settings{}.unhealthy;
  std::uint32_t jitter = health_settings{}.jitter_percent;
};

health_settings health_from(health_entry entry) {
  health_settings out;
  if (entry.http) {
    out.http_path = std::move(entry.http->path);
    out.http_host = std::move(entry.http->host);
    out.status = std::move(entry.http->status);
  }
  out.interval = entry.interval;
  out.timeout = entry.timeout;
  out.healthy = entry.healthy;
  out.unhealthy = entry.unhealthy;
  out.jitter_percent = entry.jitter;
  return out;
}

health_entry health_entry_of(const health_settings& health) {
  health_entry entry;
  if (health.http_path.empty())
    entry.tcp = tcp_entry{};
  else
    entry.http = http_entry{health.http_path, health.http_host, health.status};
  entry.interval = health.interval;
  entry.timeout = health.timeout;
  entry.healthy = health.healthy;
  entry.unhealthy = health.unhealthy;
  entry.jitter = health.jitter_percent;
  return entry;
}

type_ptr<http_entry> http_section() {
  using s = http_entry;
  return section<s>({
      key("path", &s::path, request_path(), "What is asked for, with GET.").required(),
      key("host", &s::host, or_none(host_field()), "The Host field. Default: the member's address."),
      key("status", &s::status, list(status(), {1, status_ranges_max}),
          "The statuses of a good answer, each `200` or a range `200-399`."),
  });
}

void check_ejection(const ejection_settings& ejection, const place& at, reader& r) {
  if (ejection.longest < ejection.base)
    r.error(at.key(at.has("longest") ? "longest" : "base").where(),
            "the longest ejection is shorter than the first", "let longest be at least base");
}

} // namespace

type_ptr<health_settings> health_section() {
  using s = health_entry;
  auto one = section<s>(
      {
          key("http", &s::http, optional(http_section()), "The member is asked over HTTP/1.1."),
          key("tcp", &s::tcp, optional(section<tcp_entry>({})), "To connect is enough. Write `{}`."),
          key("interval", &s::interval, duration(10ms, 1h),
              "From the beginning of one check to that of the next. The first comes at once."),
          key("timeout", &s::timeout, duration(1ms, 1min), "Of one check, from the connect to the status."),
          key("healthy", &s::healthy, number(1, 100), "Passed checks in a row that bring a member back."),
          key("unhealthy", &s::unhealthy, number(1, 100),
              "Failed checks in a row that take a member out; until then a new one counts as healthy."),
          key("jitter", &s::jitter, number(0, 50),
              "By how many percent an interval is longer or shorter, at random, so that proxies and members "
              "do not fall into step."),
      },
      {"http", "tcp"});
  return shaped<health_settings>(std::move(one), health_from, health_entry_of);
}

type_ptr<ejection_settings> ejection_section() {
  using s = ejection_settings;
  auto one = section<s>({
      key("consecutive_failures", &s::consecutive_failures, number(0, 1000),
          "Requests in a row that the member took and did not answer properly (closed early, malformed, not "
          "in time). 0: however many. Connects that fail do not count: who does not take one is left alone "
          "anyway."),
      key("consecutive_5xx", &s::consecutive_5xx, number(0, 1000),
          "Answers of 500 to 599 in a row, failures among them. 0: however many. An application that answers "
          "500 to one client then moves the sessions of others."),
      key("base", &s::base, duration(100ms, 1h),
          "The first ejection's time; the second takes twice, the third three times as long. Begins anew "
          "once the member was in use for `longest`."),
      key("longest", &s::longest, duration(100ms, 24h), "No ejection takes longer."),
      key("max_ejected_percent", &s::max_ejected_percent, number(0, 100),
          "How many of the pool's ready members may be ejected at once, rounded down: of 3 members 50 is 1, "
          "of one none. The last member that can be reached is never ejected."),
  });
  return checked(std::move(one), check_ejection);
}

} // namespace limpet::config
