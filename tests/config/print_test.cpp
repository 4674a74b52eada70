#include "config/print.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace limpet::config::test {
namespace {

using routing::key_source;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

settings loaded(const std::string& yaml) {
  const load_result r = load(yaml);
  EXPECT_THAT(lines(r.errors), ElementsAre());
  return r.settings;
}

/// Settings that are valid, and otherwise anything.
class any_settings {
public:
  explicit any_settings(unsigned seed) : random_(seed) {}

  settings make() {
    settings s;
    for (unsigned i = 0; i <= below(3); ++i)
      s.listeners.push_back(
          {text("listener ") + std::to_string(i), {"10.0.0.1:" + std::to_string(8000 + i)}});
    for (unsigned i = 0; i <= below(4); ++i)
      add_pool(s, "pool-" + std::to_string(i));
    for (unsigned i = 0; i <= below(5); ++i)
      s.routes.push_back(
          {text("route ") + std::to_string(i), below(2) ? "*.example.com" : "", "/" + std::to_string(i),
           "pool-0", below(2) ? std::vector<std::string>{} : std::vector<std::string>{"websocket", "x-own"}});
    s.signing_keys = {{"k1", text("a secret of some length "), {}},
                      {"k2", text("another secret of some length "), {}}};
    fill(s);
    return s;
  }

private:
  unsigned below(unsigned n) { return std::uniform_int_distribution<unsigned>(0, n - 1)(random_); }
  milliseconds time() { return milliseconds(1 + below(3'600'000)); }

  std::string text(const std::string& start) {
    static const std::vector<std::string> pieces{"$",  "${X}", "$$", "'",           "\"", "\\",   "#", " ",
                                                 ": ", "{",    "]",  "caf\xc3\xa9", "~",  "null", "0"};
    std::string out = start;
    for (unsigned i = 0; i < below(8); ++i)
      out += pieces[below(static_cast<unsigned>(pieces.size()))];
    return out;
  }

  void add_pool(settings& s, const std::string& name) {
    pool& p = s.pools[name];
    p.name = name;
    p.fail_over = below(2) ? fail_over_mode::next : fail_over_mode::refuse;
    p.timeouts = {time(), time(), time(), time(), below(2) ? 0ms : time(), below(2) ? 0ms : time()};
    p.limits = {below(100), below(100), 1024 + below(60'000)};
    p.on_remove = {static_cast<removal_action>(below(3)), time(), below(1'000), below(101)};
    p.rebalance = {below(1'000), below(101)};
    add_health(p);
    p.rails = {below(101), time(), below(2) ? 0ms : time(), time(), {below(101), time(), time()}};
    switch (below(3)) {
    case 0:
      p.members = {source_kind::etcd, {}, {}};
      break;
    case 1:
      p.members = {source_kind::file, {}, "/" + text("file ")};
      break;
    case 2:
      p.members.source = source_kind::static_;
      for (unsigned i = 0; i <= below(4); ++i)
        p.members.static_members.push_back(
            {"m" + std::to_string(i), below(2) ? text("i") : "", "[::1]:" + std::to_string(1 + below(65'535)),
             1 + below(65'535), below(2) ? text("z") : "",
             below(2) ? routing::member_state::ready : routing::member_state::draining});
    }
    add_session(p.session);
    const bool keeps = std::ranges::any_of(p.session.key, [](auto& k) { return k.envelope || k.pin; });
    p.bounded_load_thousandths = keeps && below(2) ? 1'001 + below(9'000) : 0;
  }

  void add_health(pool& p) {
    p.ejection = {below(10), below(10), milliseconds(100 + below(1'000'000)), 1h, below(101)};
    if (below(3) == 0) return;
    auto& health = p.health.emplace();
    health.interval = milliseconds(10 + below(1'000'000));
    health.timeout = milliseconds(1 + below(60'000));
    health.healthy = 1 + below(100);
    health.unhealthy = 1 + below(100);
    health.jitter_percent = below(51);
    if (below(2)) return;
    health.http_path = "/health?a=$b";
    health.http_host = below(2) ? "[::1]:80" : "";
    health.status = {{200, 200 + below(300)}, {100 + below(500), 599}};
  }

  void add_session(session_settings& session) {
    session.otherwise = below(2) ? no_key_mode::balance : no_key_mode::refuse;
    session.key_bytes_max = 1 + below(65'536);
    using kind = key_source::kind;
    const key_source all[] = {{.from = kind::header, .name = "X-User$Id"},
                              {.from = kind::query, .name = text("q")},
                              {.from = kind::cookie, .name = "c"},
                              {.from = kind::path_segment, .name = {}, .segment = 1 + below(100)},
                              {.from = kind::client_address,
                               .name = {},
                               .ipv4_prefix = 1 + below(32),
                               .ipv6_prefix = 1 + below(128)}};
    for (const key_source& source : all)
      if (below(2)) session.key.push_back(source);
    const bool may_begin = !session.key.empty() || session.otherwise == no_key_mode::balance;
    if (may_begin && below(2))
      session.key.push_back({.from = below(2) ? kind::header : kind::cookie,
                             .name = "S",
                             .envelope = true,
                             .forged = static_cast<routing::forged_envelope>(below(2))});
    if (below(2)) return;
    session.key.push_back(
        {.from = key_source::kind::cookie, .name = "limpet", .issued = true, .pin = below(2) == 1});
    session.issued = {std::chrono::seconds(1 + below(1'000'000)),
                      below(2) ? routing::same_site::strict : routing::same_site::lax, "/shop",
                      below(2) ? "example.com" : ""};
  }

  void fill(settings& s) {
    s.etcd.relist = 100ms + milliseconds(below(3'599'900));
    s.etcd.username = below(2) ? text("user ") : "";
    s.etcd.password = s.etcd.username.empty() ? "" : text("password ");
    if (below(2)) s.etcd.tls = {"/ca", "/certificate", "/key"};
    s.etcd.snapshot = below(2) ? "/var/lib/limpet" : "";
    s.limits = {below(100),      below(100),  256 + below(1000), 1024 + below(1000),
                1 + below(1000), below(1000), below(1000)};
    s.timeouts = {time(), time(), time()};
    s.shutdown = {time(), time()};
    if (below(2))
      s.forwarded.trusted = {*routing::ip_network::parse("10.0.0.0/8"),
                             *routing::ip_network::parse("2001:db8::/32")};
    s.forwarded.mode = below(2) ? forwarded_mode::append : forwarded_mode::replace;
    if (below(2)) s.admin.address = endpoint{"127.0.0.1:9901"};
    s.logging = {static_cast<log_level>(below(4)), below(2) ? "off" : "/" + text("log ")};
    if (below(2)) {
      s.agent.emplace().pool = "chat";
      s.agent->address.text = below(2) ? "unix:/a" : "";
      s.agent->slow_start = below(2) ? 0ms : 1s + time();
      s.agent->check.http_path = below(2) ? "/health?a=$b" : "";
    }
    if (below(2)) s.admin.token = "an-admin-token-of-24-bytes";
    s.workers = below(100);
    if (below(2)) s.user = "limpet";
    if (!s.user.empty() && below(2)) s.group = "65534";
  }

  std::mt19937 random_;
};

TEST(print_settings, is_read_back_as_equal_settings) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    const settings s = any_settings(seed).make();
    const std::string printed = print_settings(s, secrets::shown);
    const load_result again = load(printed);
    ASSERT_THAT(lines(again.errors), ElementsAre()) << printed;
    ASSERT_EQ(again.settings, s) << printed;
  }
}

TEST(print_settings, the_examples_are_read_back_as_equal_settings) {
  for (const std::string name : {"example.yaml", "static.yaml", "mcp/limpet.yaml", "socketio/limpet.yaml"}) {
    const settings s =
        load_file(SOURCE_FOLDER "/deploy/examples/" + name, role::serve, small_environment).settings;
    EXPECT_EQ(loaded(print_settings(s, secrets::shown)), s);
  }
}

TEST(print_settings, shows_defaults_and_leaves_out_what_has_no_value) {
  const std::string printed = print_settings(loaded(with("")), secrets::shown);
  EXPECT_THAT(printed, HasSubstr("\n  header: 10s\n"));
  EXPECT_THAT(
      printed,
      HasSubstr("\nroutes:\n  - name: /\n    path: /\n    pool: a\n    upgrades:\n      - websocket\n"));
  EXPECT_THAT(printed, HasSubstr("\n      etcd: {}\n"));
  EXPECT_THAT(printed, Not(HasSubstr("agent:")));
  EXPECT_THAT(printed, Not(HasSubstr("password")));
}

TEST(print_settings, hides_secrets) {
  const settings s = loaded(
      with("signing: {keys: [{id: k, secret: '${LIMPET_KEY}'}]}\netcd: {username: u, password: hunter2}\n"));
  const std::string printed = print_settings(s, secrets::hidden);
  EXPECT_THAT(printed, Not(HasSubstr("0123456789abcdef")));
  EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
  EXPECT_THAT(printed, HasSubstr("password: <redacted>\n"));
  EXPECT_THAT(printed, HasSubstr("secret: <redacted>\n"));
  EXPECT_FALSE(load(printed).ok());
}

TEST(print_settings, shows_a_secret_from_a_file_as_the_file) {
  const temporary_file file("0123456789abcdef\n");
  const settings s = loaded(with("signing: {keys: [{id: k, file: " + file.path() + "}]}\n"));
  const std::string printed = print_settings(s, secrets::shown);
  EXPECT_THAT(printed, Not(HasSubstr("0123456789abcdef")));
  EXPECT_EQ(loaded(printed), s);
}

TEST(restart_needed, names_what_a_reload_cannot_change) {
  const settings running = loaded(with("admin: {address: 127.0.0.1:1}\n"));
  EXPECT_THAT(restart_needed(running, running), ElementsAre());
  settings wanted = running;
  wanted.workers = 4;
  wanted.user = "limpet";
  wanted.group = "limpet";
  wanted.admin.token = "an-admin-token-of-24-bytes"; // which a reload changes
  wanted.listeners[0].name = "other";
  wanted.admin.address.reset();
  wanted.etcd.password = "new";
  wanted.logging.access = "stdout";
  EXPECT_THAT(restart_needed(running, wanted), ElementsAre("listeners", "etcd", "admin.address",
                                                           "logging.access", "workers", "user", "group"));
}

TEST(restart_needed, is_silent_on_what_a_reload_changes) {
  const settings running = loaded(with("admin: {address: 127.0.0.1:1}\n"));
  settings wanted = any_settings(1).make();
  wanted.listeners = running.listeners;
  wanted.workers = running.workers;
  wanted.user = running.user;
  wanted.group = running.group;
  wanted.etcd = running.etcd;
  wanted.admin.address = running.admin.address;
  wanted.logging.access = running.logging.access;
  wanted.agent = agent_settings{};
  EXPECT_THAT(restart_needed(running, wanted), ElementsAre());
}

} // namespace
} // namespace limpet::config::test
