#include "config/declaration.hpp"

#include "config/forms.hpp"
#include "config/section.hpp"
#include "config/units.hpp"

#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t listeners_max = 64;
constexpr std::size_t routes_max = 10'000;
constexpr std::size_t signing_keys_max = 16;

// A signing key as it stands in the file: with the secret or its file.
struct signing_entry {
  std::string id;
  std::optional<std::string> secret;
  std::optional<std::string> file;
};

signing_key signing_from(signing_entry entry) {
  return {std::move(entry.id), entry.secret.value_or(""), entry.file.value_or("")};
}

/// What came from a file is not printed: the file is.
signing_entry signing_entry_of(const signing_key& k) {
  signing_entry entry{k.id, {}, {}};
  if (k.file.empty())
    entry.secret = k.secret;
  else
    entry.file = k.file;
  return entry;
}

type_ptr<signing_key> signing_key_section() {
  using s = signing_entry;
  auto one = section<s>(
      {
          key("id", &s::id, name(), "A name for messages and metrics.").required(),
          key("secret", &s::secret, optional(secret()),
              "The secret itself, 16 bytes or more, best as `${NAME}`.")
              .secret(),
          key("file", &s::file, optional(file_path()),
              "The file that the secret stands in, instead of `secret`; a newline at its end does not count. "
              "Read again with each reload."),
      },
      {"secret", "file"});
  return shaped<signing_key>(std::move(one), signing_from, signing_entry_of);
}

type_ptr<settings> signing_section() {
  return section<settings>({
      key("keys", &settings::signing_keys, list(signing_key_section(), {0, signing_keys_max}),
          "The first signs, all of them verify. To change a secret: add the new one last everywhere, then "
          "move it to the front "
          "everywhere, then take the old one away once its cookies have expired."),
  });
}

type_ptr<shutdown_settings> shutdown_section() {
  using s = shutdown_settings;
  return section<s>({
      key("delay", &s::delay, duration(0ms, 1h),
          "After SIGTERM, how long new connections are still taken while `/readyz` says 503, so that what is "
          "in front sees it."),
      key("drain", &s::drain, duration(0ms, 24h), "How long requests and tunnels may go on after that."),
  });
}

// As it stands in the file: with the token or its file.
struct admin_entry {
  std::optional<endpoint> address;
  std::optional<std::string> token;
  std::optional<std::string> token_file;
};

admin_settings admin_from(admin_entry entry) {
  return {std::move(entry.address), entry.token.value_or(""), entry.token_file.value_or("")};
}

admin_entry admin_entry_of(const admin_settings& a) {
  admin_entry entry{a.address, {}, {}};
  if (!a.token_file.empty())
    entry.token_file = a.token_file;
  else if (!a.token.empty())
    entry.token = a.token;
  return entry;
}

void check_admin_entry(const admin_entry& entry, const place& at, reader& r) {
  if (entry.token && entry.token_file)
    r.error(at.key("token_file").key_where(), "there is a token already", "leave one of them out");
}

type_ptr<admin_settings> admin_section() {
  using s = admin_entry;
  auto one = section<s>({
      key("address", &s::address, optional(listen_address()),
          "Where metrics, health and the admin pages are. Whoever may ask there may drain the proxy, so an "
          "address that other machines reach needs a token. Left out: nowhere.")
          .takes_effect(reload::restart),
      key("token", &s::token, optional(secret()),
          "What requests must show as `Authorization: Bearer TOKEN`, 16 bytes or more, best as `${NAME}`. "
          "Only `/healthz` and `/readyz` answer without. Left out: nobody is asked for one.")
          .secret(),
      key("token_file", &s::token_file, optional(file_path()),
          "The file that the token stands in, instead of `token`; a newline at its end does not count. Read "
          "again with each reload."),
  });
  return shaped<admin_settings>(checked(std::move(one), check_admin_entry), admin_from, admin_entry_of);
}

type_ptr<logging_settings> logging_section() {
  using s = logging_settings;
  return section<s>({
      key("level", &s::level, choice<log_level>({"debug", "info", "warning", "error"}),
          "What the daemon says of itself, on stderr."),
      key("access", &s::access, log_target(),
          "A JSON line for each request: `off`, `stdout` or the path of a file, which SIGUSR1 opens anew.")
          .takes_effect(reload::restart),
  });
}

type_ptr<settings> whole_file() {
  using s = settings;
  return section<s>({
      key("listeners", &s::listeners, list(listener_section(), {1, listeners_max}),
          "The addresses that clients connect to.")
          .required()
          .takes_effect(reload::restart),
      key("routes", &s::routes, list(route_section(), {1, routes_max}), "Host and path to a pool.")
          .required(),
      key("pools", &s::pools, by_name(&pool::name, name(), pool_section()),
          "By name: the members that serve the same sessions, and how sessions find them.")
          .required(),
      key("etcd", &s::etcd, etcd_section(),
          "The etcd of the pools with `members: {etcd: {}}`, and of `limpet agent`.")
          .takes_effect(reload::restart),
      group("signing", signing_section(), "What issued cookies are signed with. All proxies need the same."),
      key("limits", &s::limits, limit_section(), "Limits of the clients' side."),
      key("timeouts", &s::timeouts, timeout_section(), "Times of the clients' side."),
      key("shutdown", &s::shutdown, shutdown_section(), "How the proxy ends."),
      key("forwarded", &s::forwarded, forwarded_section(), "What proxies in front say of the client."),
      key("admin", &s::admin, admin_section(), "The operator's side."),
      key("logging", &s::logging, logging_section(), "What is written down."),
      key("workers", &s::workers, number(0, 1024), "Threads that carry the traffic. 0: one a core.")
          .takes_effect(reload::restart),
      key("user", &s::user, or_none(name()),
          "Whom a proxy that was started as root becomes once it has bound its addresses: a name or a "
          "number. "
          "It must be able to read this file and the secrets' files, or reloads are refused. Left out: it "
          "stays who it is.")
          .takes_effect(reload::restart),
      key("group", &s::group, or_none(name()), "The group that it takes on with it. Default: the user's.")
          .takes_effect(reload::restart),
      key("agent", &s::agent, optional(agent_section()),
          "What `limpet agent` registers. The proxy does not use it.")
          .takes_effect(reload::agent_start),
  });
}

} // namespace

const type<settings>& declaration() {
  static const type_ptr<settings> whole = whole_file();
  return *whole;
}

} // namespace limpet::config
