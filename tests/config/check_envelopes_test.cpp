#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config::test {
namespace {

using testing::ElementsAre;

const std::string signing = "signing: {keys: [{id: k, secret: '${LIMPET_KEY}'}]}\n";

std::string pool_with(const std::string& session, const std::string& rest = "",
                      const std::string& more = signing) {
  return with_pool("    members: {etcd: {}}\n    session: {" + session + "}\n" + rest) + more;
}

std::vector<std::string> errors_with(const std::string& session, const std::string& rest = "",
                                     const std::string& more = signing) {
  return errors_of(pool_with(session, rest, more));
}

TEST(envelope_settings, are_a_header_or_a_cookie) {
  const load_result r = load(pool_with("key: [{envelope: {header: Mcp-Session-Id}}, {envelope: {cookie: "
                                       "JSESSIONID, forged: place}}, {header: X}]"));
  EXPECT_THAT(lines(r.errors), ElementsAre());
  using source = routing::key_source;
  EXPECT_THAT(r.settings.pools.at("a").session.key,
              ElementsAre(source{.from = source::kind::header, .name = "Mcp-Session-Id", .envelope = true},
                          source{.from = source::kind::cookie,
                                 .name = "JSESSIONID",
                                 .envelope = true,
                                 .forged = routing::forged_envelope::place},
                          source{.from = source::kind::header, .name = "X"}));
  EXPECT_THAT(errors_with("key: [{envelope: {}}]"),
              ElementsAre("6:32 pools.a.session.key[0].envelope: must have one of header or cookie"));
  EXPECT_THAT(errors_with("key: [{envelope: {header: A, cookie: B}}]").size(), 1);
  EXPECT_THAT(errors_with("key: [{envelope: {header: A}, header: B}]").size(), 1);
  EXPECT_THAT(errors_with("key: [{envelope: {header: A, forged: pass}}]"),
              ElementsAre("6:52 pools.a.session.key[0].envelope.forged: must be one of refuse, place, not "
                          "\"pass\""));
}

TEST(envelope_settings, name_a_field_that_passes) {
  for (const std::string name :
       {"Host", "cookie", "Set-Cookie", "Connection", "X-Request-Id", "limpet-session", "Date", "Location",
        "X-Forwarded-For", "Sec-WebSocket-Key", "content-type"})
    EXPECT_THAT(
        errors_with("key: [{envelope: {header: " + name + "}}]"),
        ElementsAre("6:41 pools.a.session.key[0].envelope: the field \"" + name +
                    "\" cannot carry an envelope (name the field, or the cookie, that the application "
                    "issues its sessions in)"));
  EXPECT_THAT(errors_with("key: [{envelope: {header: Hostess}}]"), ElementsAre());
}

TEST(envelope_settings, are_signed) {
  EXPECT_THAT(errors_with("key: [{header: X}, {envelope: {header: A}}]", "", ""),
              ElementsAre("6:35 pools.a.session.key[1]: nothing signs the envelope (add signing: {keys: "
                          "[{id: k1, secret: \"${LIMPET_KEY}\"}]})"));
}

TEST(envelope_settings, are_issued_by_the_application_alone) {
  EXPECT_THAT(errors_with("key: [{envelope: {cookie: c}, issue: {}}]"),
              ElementsAre("6:45 pools.a.session.key[0]: what is in an envelope is issued by the application "
                          "(make the issued cookie a source of its own)"));
  EXPECT_THAT(
      errors_with("key: [{envelope: {cookie: c}, pin: true}]"),
      ElementsAre("6:45 pools.a.session.key[0]: only an issued cookie can be pinned (add issue: {} to a "
                  "cookie)"));
  EXPECT_THAT(
      errors_with("key: [{cookie: c, issue: {}}, {envelope: {cookie: c}}]"),
      ElementsAre("6:46 pools.a.session: the proxy issues a cookie of this name (give that one another "
                  "name)"));
  EXPECT_THAT(errors_with("key: [{cookie: d, issue: {}}, {envelope: {cookie: c}}, {cookie: c}]"),
              ElementsAre());
}

TEST(envelope_settings, are_few_and_different) {
  EXPECT_THAT(errors_with("key: [{envelope: {header: A}}, {envelope: {cookie: A}}, {envelope: {header: a}}]"),
              ElementsAre("6:72 pools.a.session: this envelope is there already"));
  EXPECT_THAT(errors_with("key: [{envelope: {cookie: A}}, {envelope: {cookie: a}}]"), ElementsAre());
  std::string five;
  for (const std::string name : {"A", "B", "C", "D", "E"})
    five += "{envelope: {header: " + name + "}}, ";
  EXPECT_THAT(errors_with("key: [" + five + "]"),
              ElementsAre("6:122 pools.a.session: a pool has four envelopes at most"));
}

TEST(envelope_settings, let_sessions_begin) {
  EXPECT_THAT(
      errors_with("key: [{envelope: {header: A}}], otherwise: refuse"),
      ElementsAre("6:58 pools.a.session: no session could begin: only the application issues what names "
                  "it (write balance, or add another key)"));
  EXPECT_THAT(errors_with("key: [{envelope: {header: A}}, {header: B}], otherwise: refuse"), ElementsAre());
  EXPECT_THAT(errors_with("key: [], otherwise: refuse"), ElementsAre());
}

TEST(envelope_settings, warn_of_a_cookie_that_another_pool_refuses) {
  const auto warnings = [](const std::string& routes, const std::string& one, const std::string& other) {
    const load_result r =
        load("listeners: [{address: ':8080'}]\nroutes: [" + routes + "]\n" + signing +
             "pools:\n  a: {members: {etcd: {}}, session: {key: [{envelope: {" + one +
             "}}]}}\n  b: {members: {etcd: {}}, session: {key: [{envelope: {" + other + "}}]}}\n");
    EXPECT_THAT(lines(r.errors), ElementsAre());
    return lines(r.warnings);
  };
  const std::string one_host = "{pool: a}, {path: /b, pool: b}";
  const std::string of_a =
      "5:28 pools.a: a browser may send the cookie \"S\" of pool \"b\", which is refused here "
      "as forged (write envelope: {..., forged: place}, or see that the applications give it "
      "paths of their own)";
  const std::string of_b =
      "6:28 pools.b: a browser may send the cookie \"S\" of pool \"a\", which is refused here "
      "as forged (write envelope: {..., forged: place}, or see that the applications give it "
      "paths of their own)";
  EXPECT_THAT(warnings(one_host, "cookie: S", "cookie: S"), ElementsAre(of_a, of_b));
  EXPECT_THAT(warnings(one_host, "cookie: S, forged: place", "cookie: S"), ElementsAre(of_b));
  EXPECT_THAT(warnings(one_host, "cookie: S, forged: place", "cookie: S, forged: place"), ElementsAre());
  EXPECT_THAT(warnings(one_host, "cookie: S", "cookie: T"), ElementsAre());
  EXPECT_THAT(warnings(one_host, "header: S", "header: S"), ElementsAre())
      << "no browser sends those by itself";
  EXPECT_THAT(warnings("{host: a.example, pool: a}, {host: b.example, pool: b}", "cookie: S", "cookie: S"),
              ElementsAre());
}

TEST(bounded_load_setting, is_a_factor_above_one) {
  const auto bound = [](const std::string& text) {
    const load_result r =
        load(pool_with("key: [{cookie: c, issue: {}, pin: true}]", "    bounded_load: " + text + "\n"));
    return r.errors.empty() ? std::to_string(r.settings.pools.at("a").bounded_load_thousandths)
                            : lines(r.errors)[0];
  };
  EXPECT_EQ(bound("1.25"), "1250");
  EXPECT_EQ(bound("2"), "2000");
  EXPECT_EQ(bound("1.001"), "1001");
  EXPECT_EQ(bound("10"), "10000");
  EXPECT_EQ(bound("0"), "0");
  for (const std::string wrong : {"1", "0.5", "1.000", "10.001", "99999999999999999999"})
    EXPECT_EQ(bound(wrong), "7:19 pools.a.bounded_load: must be 0, or 1.001 to 10");
  EXPECT_EQ(bound("-1.5"), "7:19 pools.a.bounded_load: not a number: \"-1.5\"");
}

TEST(bounded_load_setting, needs_something_that_keeps_a_session_where_it_went) {
  const std::string bound = "    bounded_load: 1.25\n";
  const std::string refused =
      "7:5 pools.a: nothing keeps a session on the member that it was moved on to (pin an "
      "issued cookie, add an envelope, or leave it out)";
  EXPECT_THAT(errors_with("key: [{header: X}]", bound), ElementsAre(refused));
  EXPECT_THAT(errors_with("key: [{cookie: c, issue: {}}]", bound), ElementsAre(refused));
  EXPECT_THAT(errors_with("key: []", bound), ElementsAre(refused));
  EXPECT_THAT(errors_with("key: [{cookie: c, issue: {}, pin: true}]", bound), ElementsAre());
  EXPECT_THAT(errors_with("key: [{header: X}, {envelope: {header: Y}}]", bound), ElementsAre());
  EXPECT_THAT(errors_with("key: [{header: X}]", "    bounded_load: 0\n"), ElementsAre());
}

} // namespace
} // namespace limpet::config::test
