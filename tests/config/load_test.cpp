#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace limpet::config::test {
namespace {

using routing::key_source;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

const std::string examples = SOURCE_FOLDER "/deploy/examples/";

std::optional<std::string> no_environment(const std::string&) {
  return std::nullopt;
}

TEST(load_file, accepts_the_example_as_it_stands) {
  const load_result r = load_file(examples + "example.yaml", role::serve, no_environment);
  EXPECT_THAT(lines(r.errors), ElementsAre());
  EXPECT_THAT(
      lines(r.warnings),
      ElementsAre(
          "45:20 pools.shop: \"/etc/limpet/shop.yaml\" is not there yet; the pool is empty until it is",
          "69:27 signing.keys[0]: the secret is the example's: anyone can sign cookies (write 32 random "
          "bytes, as "
          "openssl rand -hex 32 does)"));
  EXPECT_EQ(r.errors.size() + r.warnings.size(), 2U);
}

TEST(load_file, reads_each_section_of_the_example) {
  const settings s = load_file(examples + "example.yaml", role::serve, no_environment).settings;
  EXPECT_EQ(s.listeners.at(0), (listener{"public", {"0.0.0.0:8080"}}));
  EXPECT_EQ(s.routes.at(0).name, "chat.example.com/");
  EXPECT_EQ(s.routes.at(2).name, "everything-else");
  EXPECT_EQ(s.pools.at("chat").name, "chat");
  EXPECT_EQ(s.pools.at("chat").members.source, source_kind::etcd);
  EXPECT_THAT(s.pools.at("chat").session.key,
              ElementsAre(key_source{.from = key_source::kind::header, .name = "X-User-Id"},
                          key_source{.from = key_source::kind::query, .name = "room"}));
  EXPECT_EQ(s.pools.at("chat").timeouts.answer, 60s);
  EXPECT_EQ(s.pools.at("chat").health->http_path, "/healthz");
  EXPECT_EQ(s.pools.at("chat").ejection, ejection_settings());
  EXPECT_EQ(s.pools.at("shop").members.file_path, "/etc/limpet/shop.yaml");
  EXPECT_THAT(s.pools.at("shop").session.key,
              ElementsAre(key_source{
                  .from = key_source::kind::cookie, .name = "limpet", .issued = true, .pin = true}));
  EXPECT_EQ(s.pools.at("shop").session.issued->max_age, 24h * 30);
  EXPECT_EQ(s.pools.at("app").members.static_members.at(1).weight, 2U);
  EXPECT_EQ(s.pools.at("app").members.static_members.at(2).state, routing::member_state::draining);
  EXPECT_EQ(s.pools.at("app").session.key.at(0).segment, 2U);
  EXPECT_EQ(s.pools.at("app").session.key.at(1).ipv6_prefix, 64U);
  EXPECT_EQ(s.pools.at("app").session.key.at(1).ipv4_prefix, 32U);
  EXPECT_THAT(s.etcd.endpoints, ElementsAre("http://127.0.0.1:2379"));
  EXPECT_EQ(s.etcd.relist, 45s);
  EXPECT_EQ(s.signing_keys.at(0).secret, "change-me-in-production");
  EXPECT_EQ(s.limits.header_bytes, 64U * 1024);
  EXPECT_EQ(s.timeouts.idle, 75s);
  EXPECT_EQ(s.shutdown.drain, 30s);
  EXPECT_THAT(s.forwarded.trusted, SizeIs(2));
  EXPECT_EQ(s.admin.address->text, "127.0.0.1:9901");
  EXPECT_EQ(s.logging.access, "stdout");
  EXPECT_EQ(s.agent, std::nullopt);
}

TEST(load_file, accepts_the_static_example_without_a_word) {
  const load_result r = load_file(examples + "static.yaml", role::serve, no_environment);
  EXPECT_THAT(lines(r.errors), ElementsAre());
  EXPECT_THAT(lines(r.warnings), ElementsAre());
  EXPECT_THAT(r.settings.pools.at("demo").members.static_members, SizeIs(3));
}

TEST(load_file, accepts_the_examples_of_applications) {
  for (const std::string name : {"mcp", "socketio"}) {
    const load_result r = load_file(examples + name + "/limpet.yaml", role::serve, no_environment);
    EXPECT_THAT(lines(r.errors), ElementsAre());
    EXPECT_THAT(lines(r.warnings), ElementsAre(HasSubstr("the secret is the example's")));
    EXPECT_TRUE(r.settings.pools.begin()->second.session.key.at(0).envelope);
  }
}

TEST(load_file, says_why_a_file_cannot_be_read) {
  EXPECT_EQ(to_string(load_file("/nowhere/at/all").errors.at(0)),
            "/nowhere/at/all: cannot read \"/nowhere/at/all\": No such file or directory");
  const std::string folder = std::filesystem::temp_directory_path();
  EXPECT_THAT(to_string(load_file(folder).errors.at(0)), HasSubstr("not a regular file"));
  const temporary_file large(std::string(4 * 1024 * 1024 + 1, '#'));
  EXPECT_THAT(to_string(load_file(large.path()).errors.at(0)), HasSubstr("larger than 4194304 bytes"));
}

TEST(load_text, defaults_are_those_of_the_structs) {
  const load_result r = load(with(""));
  ASSERT_THAT(lines(r.errors), ElementsAre());
  settings expected;
  expected.listeners = {{":8080", {":8080"}}};
  expected.routes = {{.name = "/", .host = {}, .path = "/", .pool = "a"}};
  expected.pools["a"].name = "a";
  expected.pools["a"].members.source = source_kind::etcd;
  EXPECT_EQ(r.settings, expected);
}

TEST(load_text, an_empty_file_lacks_what_a_proxy_needs) {
  EXPECT_THAT(errors_of(""),
              ElementsAre("0:0 must have \"listeners\" (The addresses that clients connect to.)",
                          "0:0 must have \"routes\" (Host and path to a pool.)",
                          HasSubstr("must have \"pools\"")));
}

TEST(load_text, a_syntax_error_stands_alone) {
  EXPECT_THAT(errors_of("unknown: 1\nlisteners: [\n"), SizeIs(1));
  EXPECT_THAT(errors_of("unknown: 1\nlisteners: [\n").at(0), HasSubstr("not YAML"));
}

TEST(load_text, reports_at_most_a_hundred_errors) {
  std::string many;
  for (int i = 0; i < 150; ++i)
    many += "unknown" + std::to_string(i) + ": 1\n";
  const auto errors = errors_of(with(many));
  EXPECT_THAT(errors, SizeIs(101));
  EXPECT_EQ(errors.back(), "0:0 and 50 more errors");
}

TEST(load_text, shows_hostile_text_without_its_control_characters) {
  EXPECT_THAT(errors_of(with("\"\\e[31m\\a" + std::string(100, 'x') + "\": 1\n")).at(0),
              HasSubstr("unknown key \"?[31m?" + std::string(58, 'x') + "...\""));
}

// -- environment ------------------------------------------------------

std::string secret_of(const std::string& value) {
  const load_result r = load(with("signing: {keys: [{id: k, secret: " + value + "}]}\n"));
  return r.ok() ? r.settings.signing_keys.at(0).secret : lines(r.errors).at(0);
}

TEST(environment, is_put_into_values) {
  EXPECT_EQ(secret_of("'${LIMPET_KEY}'"), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(secret_of("'a-${LIMPET_KEY}-${NOT_SET:-b}-c'"), "a-0123456789abcdef0123456789abcdef-b-c");
  EXPECT_EQ(secret_of("'${NOT_SET:-x}${EMPTY}'"), "x");
  EXPECT_EQ(secret_of("'${EMPTY:-x}'"), "x");
  EXPECT_EQ(secret_of("'x${NOT_SET:-}'"), "x");
  EXPECT_EQ(secret_of("'${NOT_SET:-a:-b}'"), "a:-b");
}

TEST(environment, a_dollar_is_written_twice) {
  EXPECT_EQ(secret_of("'a$$b$$'"), "a$b$");
  EXPECT_EQ(secret_of("'$${LIMPET_KEY}'"), "${LIMPET_KEY}");
  const std::string alone =
      "4:34 signing.keys[0].secret: a $ stands alone (write ${NAME} for a variable, $$ for a dollar)";
  EXPECT_EQ(secret_of("'a$b'"), alone);
  EXPECT_EQ(secret_of("'a$'"), alone);
  EXPECT_EQ(secret_of("'a${LIMPET_KEY'"), alone);
}

TEST(environment, a_variable_that_is_not_set_is_an_error_at_its_place) {
  EXPECT_EQ(secret_of("'${NOT_SET}'"), "4:34 signing.keys[0].secret: the environment variable \"NOT_SET\" is "
                                       "not set (set it, or write ${NOT_SET:-default})");
  for (const std::string bad : {"", "1A", "A B", "A-b", "A:b"})
    EXPECT_EQ(secret_of("'${" + bad + "}'"),
              "4:34 signing.keys[0].secret: not a variable, what stands in ${...} "
              "(write ${NAME} or ${NAME:-default})");
}

TEST(environment, cannot_add_yaml) {
  const auto injected = [](const std::string&) {
    return std::optional<std::string>("x}]}\nworkers: 5 # ${LIMPET_KEY} $$");
  };
  const load_result r =
      load_text(with("signing: {keys: [{id: k, secret: '${A}'}]}\n"), "f", role::serve, injected);
  EXPECT_EQ(r.settings.workers, 0U);
  EXPECT_EQ(r.settings.signing_keys.at(0).secret, "x}]}\nworkers: 5 # ${LIMPET_KEY} $$");
}

TEST(environment, serves_numbers_choices_and_addresses) {
  const load_result r =
      load(with("workers: ${N:-3}\nlogging: {level: '${L:-error}'}\nadmin: {address: '${A:-[::1]:1}'}\n"));
  EXPECT_EQ(r.settings.workers, 3U);
  EXPECT_EQ(r.settings.logging.level, log_level::error);
  EXPECT_EQ(r.settings.admin.address->text, "[::1]:1");
}

TEST(environment, has_a_limit) {
  const auto large = [](const std::string&) { return std::optional<std::string>(std::string(40'000, 'x')); };
  const load_result r = load_text(with("logging: {access: '${A}${A}'}\n"), "f", role::serve, large);
  EXPECT_THAT(lines(r.errors), ElementsAre("4:19 logging.access: longer than 64 KiB"));
}

TEST(environment, an_optional_text_may_come_out_empty) {
  const load_result r =
      load(with("etcd: {username: '${EMPTY}', password: '${EMPTY}', snapshot: '${NOT_SET:-}'}\n"));
  EXPECT_THAT(lines(r.errors), ElementsAre());
  EXPECT_EQ(r.settings.etcd.username, "");
}

// -- secrets from files -----------------------------------------------

TEST(signing_file, is_read_without_its_last_newline) {
  const temporary_file file("0123456789abcdef\n");
  const load_result r = load(with("signing: {keys: [{id: k, file: " + file.path() + "}]}\n"));
  ASSERT_THAT(lines(r.errors), ElementsAre());
  EXPECT_EQ(r.settings.signing_keys.at(0).secret, "0123456789abcdef");
  EXPECT_EQ(r.settings.signing_keys.at(0).file, file.path());
}

TEST(signing_file, that_cannot_be_read_or_is_empty_is_an_error) {
  const temporary_file empty("\n");
  const temporary_file large(std::string(4097, 'x'));
  EXPECT_THAT(
      errors_of(with("signing:\n  keys:\n    - {id: k, file: /nowhere}\n    - {id: l, file: " + empty.path() +
                     "}\n    - {id: m, file: " + large.path() + "}\n")),
      ElementsAre("6:21 signing.keys[0]: cannot read \"/nowhere\": No such file or directory",
                  "7:21 signing.keys[1]: \"" + empty.path() + "\" is empty",
                  "8:21 signing.keys[2]: cannot read \"" + large.path() + "\": larger than 4096 bytes"));
}

// -- the agent's part -------------------------------------------------

TEST(agent_role, needs_its_own_sections_alone) {
  EXPECT_TRUE(load("", role::agent).ok());
  const load_result r =
      load("agent: {pool: chat, id: a, address: '10.0.0.5:9001', check: {path: /health}}\n", role::agent);
  ASSERT_THAT(lines(r.errors), ElementsAre());
  EXPECT_EQ(r.settings.agent->pool, "chat");
  EXPECT_EQ(r.settings.agent->check.http_path, "/health");
  EXPECT_EQ(r.settings.agent->lease_ttl, 5s);
}

TEST(agent_role, passes_over_what_the_other_sections_hold) {
  EXPECT_THAT(
      errors_of("listeners: nonsense\nsigning: {keys: [{id: k, secret: '${NOT_SET}'}]}\nagent: {id: a}\n",
                role::agent),
      ElementsAre());
}

TEST(agent_role, still_reports_what_is_wrong_in_its_sections_or_unknown) {
  EXPECT_THAT(
      errors_of("agnet: {}\netcd: {endpoints: []}\nagent: {weight: 0, lease_ttl: 2500ms}\n", role::agent),
      ElementsAre("1:1 unknown key \"agnet\" (did you mean \"agent\"?)",
                  "2:19 etcd.endpoints: must have at least 1 item", "3:17 agent.weight: must be 1 to 65535",
                  "3:31 agent.lease_ttl: must be whole seconds"));
}

// -- flags in place of keys ---------------------------------------------

TEST(flags, set_their_key_and_nothing_else) {
  auto s =
      load("agent: {id: a, zone: east, check: {interval: 3s}}\netcd: {timeout: 7s}\n", role::agent).settings;
  EXPECT_THAT(lines(set_flag(s, {"--zone", "agent.zone", {"$west"}})), ElementsAre());
  EXPECT_THAT(lines(set_flag(s, {"--check-path", "agent.check.path", {"/health?a=1"}})), ElementsAre());
  EXPECT_THAT(lines(set_flag(s, {"--etcd", "etcd.endpoints", {"http://a:1", "https://b:2"}})), ElementsAre());
  EXPECT_EQ(s.agent->id, "a");
  EXPECT_EQ(s.agent->zone, "$west");
  EXPECT_EQ(s.agent->check.http_path, "/health?a=1");
  EXPECT_EQ(s.agent->check.interval, 3s);
  EXPECT_EQ(s.etcd.timeout, 7s);
  EXPECT_THAT(s.etcd.endpoints, ElementsAre("http://a:1", "https://b:2"));
}

TEST(flags, are_refused_as_their_keys_are) {
  const auto refused = [](const std::string& key, const std::string& value) {
    settings s;
    const auto errors = set_flag(s, {"--flag", key, {value}});
    return errors.empty() ? "" : to_string(errors.front());
  };
  EXPECT_EQ(refused("etcd.endpoints", "garbage"),
            "--flag: etcd.endpoints[0]: not the address of an etcd: \"garbage\" (write http://host:port or "
            "https://host:port)");
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"etcd.prefix", "no slash/"},
                                                        {"agent.pool", "a b"},
                                                        {"agent.id", "a/b"},
                                                        {"agent.address", "h:0"},
                                                        {"agent.address", "unix:/x\ny"},
                                                        {"agent.weight", "0"},
                                                        {"agent.weight", "many"},
                                                        {"agent.zone", std::string(300, 'z') + '\n'},
                                                        {"agent.check.path", "noslash x"}})
    EXPECT_NE(refused(key, value), "") << key << ' ' << value;
}

} // namespace
} // namespace limpet::config::test
