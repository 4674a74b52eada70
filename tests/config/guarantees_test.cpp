#include "config/guarantees.hpp"
#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::config::test {
namespace {

using testing::ElementsAre;

std::vector<std::string> guarantees_of(const std::string& pool_lines) {
  const load_result r = load(with_pool(pool_lines) + "signing: {keys: [{id: k, secret: '${LIMPET_KEY}'}]}\n");
  EXPECT_THAT(lines(r.errors), ElementsAre());
  return guarantees(r.settings);
}

TEST(guarantees, of_a_key_that_requests_bring) {
  EXPECT_THAT(guarantees_of("    members: {etcd: {}}\n    session: {key: [{header: X}, {query: y}]}\n"),
              ElementsAre("pool a: available: the same session key goes to the same member on every proxy "
                          "with the same view; between "
                          "views, for a moment, proxies may differ; without a key: any member (rests on: "
                          "views converge; fail_over "
                          "next: proxies agree on what is reachable)"));
}

TEST(guarantees, without_failing_over_proxies_need_not_agree_on_what_is_reachable) {
  EXPECT_THAT(
      guarantees_of("    members: {etcd: {}}\n    fail_over: refuse\n    session: {key: [{header: X}], "
                    "otherwise: refuse}\n"),
      ElementsAre(
          "pool a: available: the same session key goes to the same member on every proxy with the same "
          "view; between "
          "views, for a moment, proxies may differ; without a key: refused (rests on: views converge)"));
}

TEST(guarantees, with_pins_hold_for_the_cookie) {
  EXPECT_THAT(
      guarantees_of(
          "    members: {file: {path: /m}}\n    session: {key: [{cookie: limpet, issue: {}, pin: true}]}\n"),
      ElementsAre("pool a: available: the same cookie limpet goes to the same member on every proxy with the "
                  "same view, and a "
                  "pinned cookie keeps its member while that is in the view; between views, for a moment, "
                  "proxies may differ "
                  "(rests on: views converge: every proxy's file comes to say the same; fail_over next: "
                  "proxies agree on what "
                  "is reachable; every proxy has the same signing keys)"));
}

TEST(guarantees, of_an_issued_cookie_beside_other_keys) {
  EXPECT_THAT(
      guarantees_of("    members: {static: [{id: x, address: 'h:1'}]}\n    fail_over: refuse\n"
                    "    session: {key: [{client_address: {}}, {cookie: c, issue: {}}]}\n"),
      ElementsAre("pool a: available: the same session key or cookie c goes to the same member on every "
                  "proxy with the same "
                  "view; between views, for a moment, proxies may differ (rests on: every proxy has the same "
                  "list of members; "
                  "every proxy has the same signing keys; client_address: a client keeps its address)"));
}

TEST(guarantees, of_what_the_application_issues) {
  EXPECT_THAT(
      guarantees_of("    members: {etcd: {}}\n    fail_over: refuse\n    session: {key: [{envelope: {header: "
                    "A}}, {envelope: {cookie: B}}]}\n"),
      ElementsAre("pool a: available: what a member issues in header A or cookie B goes back to that very "
                  "member on every proxy, while it is in the view; between views, for a moment, proxies may "
                  "differ; without a key: any member (rests on: views converge; every proxy has the same "
                  "signing keys; clients send back what the application issued as it came)"));
  EXPECT_THAT(
      guarantees_of("    members: {etcd: {}}\n    fail_over: refuse\n    session: {key: [{envelope: {header: "
                    "A}}, {cookie: c, issue: {}, pin: true}]}\n"),
      ElementsAre(
          "pool a: available: the same cookie c goes to the same member on every proxy with the same "
          "view, and what a member issues in header A goes back to that very member on every proxy, "
          "while it is in the view, and a pinned cookie keeps its member while that is in the view; "
          "between views, for a moment, proxies may differ (rests on: views converge; every proxy has "
          "the same signing keys; clients send back what the application issued as it came)"));
}

TEST(guarantees, none_without_a_key) {
  EXPECT_THAT(
      guarantees_of("    members: {etcd: {}}\n"),
      ElementsAre("pool a: no stickiness: it has no session key, so every request goes to any member"));
  EXPECT_THAT(guarantees_of("    members: {etcd: {}}\n    session: {otherwise: refuse}\n"),
              ElementsAre("pool a: no stickiness: it has no session key, so every request is refused"));
}

} // namespace
} // namespace limpet::config::test
