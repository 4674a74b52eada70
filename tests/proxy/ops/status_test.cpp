#include "proxy/ops/status.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

#include <ranges>
#include <sstream>

namespace limpet::ops {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t now = 1'800'000'000;

/// A proxy with one pool of two members. What a test changes, it changes in this text.
std::string usual() {
  return R"({"version":"0.1.0","placement":"weighted-rendezvous/1","start_unix_seconds":1799726400,"workers":2,
    "ready":true,"draining":false,"last_reload_successful":true,"restart_needed":[],
    "pools":[{"name":"chat","epoch":42,"checksum":77,"stale":false,"source":{"kind":"etcd"},"drains":[],
      "members":[
        {"id":"a","incarnation":"i1","address":"10.0.0.1:9001","weight":1,"state":"ready","up":true,"connections":3},
        {"id":"b","incarnation":"i2","address":"10.0.0.2:9001","weight":1,"state":"draining","up":true,"connections":0}]}]})";
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

proxy_report told(std::string address, const std::string& text) {
  return {.address = std::move(address), .status = json::parse(text).as_object()};
}

proxy_report silent(std::string address) {
  return {.address = std::move(address), .status = {}, .problem = "Connection refused"};
}

std::string text_of_one(const std::string& status) {
  return status_text(told("127.0.0.1:9901", status), now);
}

comparison compare_texts(const std::string& a, const std::string& b) {
  return compare({told("A", a), told("B", b)});
}

// -- one proxy ---------------------------------------------------------

TEST(status_text, as_a_person_sees_it) {
  EXPECT_EQ(text_of_one(usual()), "127.0.0.1:9901: limpet 0.1.0, up 3d 4h, 2 workers, ready\n"
                                  "\n"
                                  "pool chat: etcd, epoch 42, checksum 77\n"
                                  "  member  state     conns  address\n"
                                  "  a       ready         3  10.0.0.1:9001\n"
                                  "  b       draining      0  10.0.0.2:9001\n");
}

TEST(status_text, columns_show_where_there_is_something_to_tell) {
  auto text = changed(usual(), R"("weight":1)", R"("weight":20)");
  text = changed(text, R"("connections":3)",
                 R"("connections":1234,"live":{"requests":2,"event_streams":0,"tunnels":12})");
  text = changed(
      text, R"("up":true)",
      R"("up":false,"left_out":"unhealthy","health":{"check":"unhealthy"},"ejected":true,"held":true)");
  EXPECT_THAT(
      text_of_one(text),
      HasSubstr(
          "  member  state                            weight  conns  requests  streams  tunnels  address\n"
          "  a       ready, unhealthy, ejected, held      20   1234         2        0       12  "
          "10.0.0.1:9001\n"
          "  b       draining                              1      0                              "
          "10.0.0.2:9001\n"));
}

TEST(status_text, members_that_left_are_shown_while_something_is_under_way) {
  EXPECT_THAT(text_of_one(changed(usual(), R"("members":)",
                                  R"("left":[7,{"id":"z","incarnation":"i0",)"
                                  R"("live":{"requests":0,"event_streams":1,"tunnels":12}}],"members":)")),
              HasSubstr("  member  state     conns  requests  streams  tunnels  address\n"
                        "  a       ready         3                              10.0.0.1:9001\n"
                        "  b       draining      0                              10.0.0.2:9001\n"
                        "  z       left                    0        1       12\n"));
}

TEST(status_text, an_ordinary_table_is_80_columns_wide_at_most) {
  auto text = changed(usual(), R"("id":"a")", R"("id":"chat-7f9c-0")");
  for (int i = 0; i < 2; ++i)
    text = changed(text, R"("connections":)",
                   R"("live":{"requests":10,"event_streams":200,"tunnels":9000},"connections" :9)");
  std::istringstream lines(text_of_one(text));
  for (std::string line; std::getline(lines, line);)
    EXPECT_LE(line.size(), 80u) << line;
}

TEST(status_text, what_is_wrong_is_said) {
  auto text = changed(usual(), R"("ready":true)", R"("ready":false)");
  text = changed(text, R"("last_reload_successful":true,"restart_needed":[])",
                 R"("last_reload_successful":false,"restart_needed":["workers"])");
  text = changed(text, R"("stale":false,"source":{"kind":"etcd"},"drains":[])",
                 R"("stale":true,"suspended":true,"source":{"kind":"etcd","last_error":"timed out"},
                 "drains":[{"member":"b","by":"alice","at":"2026-01-31T09:30:00Z","member_is_there":true},
                           {"member":"z","member_is_there":false}])");
  text = changed(text, R"("id":"a")", R"("id":"a","held":true)");
  const auto said = text_of_one(text);
  for (const auto* part :
       {", NOT READY\n", "the last reload was refused", "a restart is needed for 1 changed key\n",
        "checksum 77, STALE, SUSPENDED, REMOVALS HELD\n", "  last error: timed out\n",
        "  drained by an operator: b, for alice, since 2026-01-31T09:30:00Z\n",
        "  drained by an operator: z (no such member now)\n"})
    EXPECT_THAT(said, HasSubstr(part));
  EXPECT_THAT(text_of_one(changed(usual(), R"("draining":false)", R"("draining":true)")),
              HasSubstr(", DRAINING\n"));
}

TEST(status_text, what_speaks_against_a_member_is_said_once) {
  const auto state = [](const std::string& fields) {
    const auto text =
        text_of_one(changed(usual(), R"("state":"ready","up":true)", R"("state":"ready",)" + fields));
    const auto at = text.find("  a       ready");
    return text.substr(at + 10, text.find("  3  ", at) - at - 10);
  };
  const std::pair<std::string, std::string> table[] = {
      {R"("up":true,"ejected":false,"health":{"check":"healthy"})", "ready   "},
      {R"("up":true,"health":{"check":"unknown"},"held":false)", "ready   "},
      {R"("up":false)", "ready, down"},
      {R"("up":false,"left_out":"unreachable")", "ready, unreachable"},
      {R"("up":false,"left_out":"ejected","ejected":true)", "ready, ejected"},
      {R"("up":false,"left_out":"unreachable","health":{"check":"unhealthy"},"ejected":true)",
       "ready, unreachable, unhealthy, ejected"},
      {R"("up":true,"leaving":true)", "ready, leaving"},
  };
  for (const auto& [fields, words] : table)
    EXPECT_THAT(state(fields), testing::StartsWith(words)) << fields;
}

TEST(status_text, a_pool_without_members_and_a_proxy_that_is_silent) {
  EXPECT_THAT(text_of_one(R"({"pools":[{"name":"p","members":[]}]})"), HasSubstr("  no members\n"));
  EXPECT_EQ(status_text(silent("A"), now), "A: Connection refused\n");
}

TEST(status_text, whatever_is_told_the_terminal_gets_no_controls) {
  const auto hostile = json::parse(
      R"({"version":"\u001b[2J","workers":-1,"ready":"yes","start_unix_seconds":"x","pools":[7,null,
      {"name":"a\r\nb","source":5,"members":[1,{"id":"\u009bm","state":["x"],"weight":"\u0007","live":[]}],
      "drains":[3,{"member":"\u0000"}]}]})");
  proxy_report report{.address = "A\n", .status = hostile.as_object()};
  const auto other = told("B", usual());
  const auto found = compare({report, other});
  for (const auto& text : {status_text(report, now), comparison_text({report, other}, found, now),
                           status_text({.address = "A", .status = {}, .problem = "\x1b[1m\n"}, now)}) {
    for (const char c : text.substr(0, text.size() - 1))
      EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  }
}

TEST(status_text, durations_have_two_units) {
  for (const auto& [seconds, text] :
       std::initializer_list<std::pair<std::int64_t, std::string_view>>{{-5, "0s"},
                                                                        {0, "0s"},
                                                                        {59, "59s"},
                                                                        {60, "1m 0s"},
                                                                        {3'599, "59m 59s"},
                                                                        {3'600, "1h 0m"},
                                                                        {86'399, "23h 59m"},
                                                                        {86'400, "1d 0h"},
                                                                        {100 * 86'400 + 7'200, "100d 2h"}})
    EXPECT_EQ(duration_text(seconds), text);
}

// -- several -----------------------------------------------------------

TEST(status_compare, equal_proxies_agree) {
  const auto found = compare_texts(usual(), usual());
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(found.notes, IsEmpty());
  EXPECT_TRUE(found.is_complete);
}

TEST(status_compare, what_is_each_proxys_own_is_no_difference) {
  auto other = changed(usual(), R"("up":true,"connections":3)",
                       R"("up":false,"connections":9,"left_out":"unhealthy")");
  other = changed(other, R"("workers":2)", R"("workers":8)");
  other = changed(other, R"("draining":false)", R"("draining":true)");
  other = changed(other, "1799726400", "1799999999");
  EXPECT_THAT(compare_texts(usual(), other).differences, IsEmpty());
}

TEST(status_compare, each_difference_has_its_line) {
  const auto other = changed(usual(), R"("checksum":77)", R"("checksum":78)");
  const auto differences = [&](const std::string& from, const std::string& to) {
    return compare_texts(usual(), changed(other, from, to)).differences;
  };
  const std::string sums = "pool chat: checksum 77 at A, 78 at B";
  EXPECT_THAT(differences(R"("weight":1)", R"("weight":5)"),
              ElementsAre(sums, "pool chat, member a: weight 1 at A, 5 at B"));
  EXPECT_THAT(differences(R"("state":"ready")", R"("state":"draining")"),
              ElementsAre(sums, "pool chat, member a: state ready at A, draining at B"));
  EXPECT_THAT(differences("i2", "i3"),
              ElementsAre(sums, "pool chat, member b: incarnation i2 at A, i3 at B"));
  EXPECT_THAT(differences("10.0.0.2:9001", "10.0.0.3:9001"),
              ElementsAre(sums, "pool chat, member b: address 10.0.0.2:9001 at A, 10.0.0.3:9001 at B"));
  EXPECT_THAT(differences(R"("id":"b")", R"("id":"c")"),
              ElementsAre(sums, "pool chat, member b: missing at B", "pool chat, member c: missing at A"));
  EXPECT_THAT(differences(R"("epoch":42)", R"("epoch":41)"),
              ElementsAre(sums, "pool chat: epoch 42 at A, 41 at B"));
}

TEST(status_compare, versions_placements_and_pools) {
  EXPECT_THAT(compare_texts(usual(), changed(usual(), "0.1.0", "0.2.0")).differences,
              ElementsAre("version: 0.1.0 at A, 0.2.0 at B"));
  EXPECT_THAT(compare_texts(usual(), changed(usual(), "rendezvous/1", "rendezvous/2")).differences,
              ElementsAre("placement: weighted-rendezvous/1 at A, weighted-rendezvous/2 at B"));
  EXPECT_THAT(compare_texts(usual(), changed(usual(), R"("name":"chat")", R"("name":"shop")")).differences,
              ElementsAre("pool chat: missing at B", "pool shop: missing at A"));
  EXPECT_THAT(
      compare({told("A", usual()), told("B", usual()), told("C", changed(usual(), "0.1.0", ""))}).differences,
      ElementsAre("version: 0.1.0 at A and B, none at C"));
}

TEST(status_compare, epochs_may_differ_while_members_are_the_same) {
  const auto found = compare_texts(usual(), changed(usual(), R"("epoch":42)", R"("epoch":40)"));
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(found.notes, ElementsAre("pool chat: the members are the same; epoch 42 at A, 40 at B"));
}

TEST(status_compare, what_explains_a_difference_is_noted) {
  auto other = changed(usual(), R"("stale":false)", R"("stale":true,"suspended":true)");
  other = changed(other, R"("kind":"etcd")", R"("kind":"file")");
  other = changed(other, R"("id":"b")", R"("id":"b","held":true)");
  const auto found = compare_texts(usual(), other);
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(found.notes,
              ElementsAre("pool chat: members from etcd at A, file at B", "pool chat: stale at B",
                          "pool chat: suspended at B", "pool chat: removals are held back at B"));
}

TEST(status_compare, who_could_not_be_asked_is_left_out_and_said) {
  const std::vector<proxy_report> proxies{told("A", usual()), silent("B"), told("C", usual())};
  const auto found = compare(proxies);
  EXPECT_FALSE(found.is_complete);
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(comparison_text(proxies, found, now), HasSubstr("B  Connection refused\n"));
  EXPECT_FALSE(compare({silent("A")}).is_complete);
}

TEST(status_compare, as_a_person_sees_it) {
  auto other = changed(usual(), R"("checksum":77)", R"("checksum":78)");
  other = changed(other, R"("weight":1)", R"("weight":5)");
  const std::vector<proxy_report> proxies{told("10.0.0.9:9901", usual()), told("10.0.0.10:9901", other)};
  EXPECT_EQ(comparison_text(proxies, compare(proxies), now),
            "10.0.0.9:9901   limpet 0.1.0, up 3d 4h, 2 workers, ready\n"
            "10.0.0.10:9901  limpet 0.1.0, up 3d 4h, 2 workers, ready\n"
            "\n"
            "They differ:\n"
            "  pool chat: checksum 77 at 10.0.0.9:9901, 78 at 10.0.0.10:9901\n"
            "  pool chat, member a: weight 1 at 10.0.0.9:9901, 5 at 10.0.0.10:9901\n");
  const std::vector<proxy_report> equal{told("A", usual()), told("B", usual())};
  EXPECT_EQ(comparison_text(equal, compare(equal), now), "A  limpet 0.1.0, up 3d 4h, 2 workers, ready\n"
                                                         "B  limpet 0.1.0, up 3d 4h, 2 workers, ready\n"
                                                         "\n"
                                                         "pool chat: the same 2 members, checksum 77\n");
}

TEST(status_compare, a_flood_of_differences_is_cut) {
  std::string members;
  for (int i = 0; i < 500; ++i)
    members += R"(,{"id":"m)" + std::to_string(i) + "\"}";
  auto other = changed(usual(), R"("checksum":77)", R"("checksum":78)");
  other = changed(other, R"("members":[)", R"("members":[{"id":"x"})" + members + ",");
  const std::vector<proxy_report> proxies{told("A", usual()), told("B", other)};
  const auto found = compare(proxies);
  EXPECT_EQ(found.differences.size(), 502u);
  const auto text = comparison_text(proxies, found, now);
  EXPECT_EQ(std::ranges::count(text, '\n'), 3 + 1 + 100 + 1);
  EXPECT_THAT(text, HasSubstr("  and 402 more\n"));
}

} // namespace
} // namespace limpet::ops
