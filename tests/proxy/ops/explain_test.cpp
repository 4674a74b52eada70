#include "proxy/ops/explain.hpp"
#include "routing/placement.hpp"
#include "tests/proxy/ops/example.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace limpet::ops {
namespace {

constexpr std::int64_t now_unix_s = 1'795'441'507;

class explain_test : public testing::Test {
protected:
  boost::json::object ask(const explain_query& query) const {
    return explain(*example_.snapshot, query, {now_unix_s, std::chrono::steady_clock::now()});
  }
  boost::json::object ask(std::string_view text) const {
    explain_query query;
    EXPECT_EQ(parse_explain_query(text, query), std::nullopt);
    return ask(query);
  }
  /// A JSON pointer's value as JSON text, "-" where there is none.
  static std::string at(const boost::json::object& in, std::string_view pointer) {
    boost::system::error_code error;
    const boost::json::value whole(in);
    const auto* value = whole.find_pointer(pointer, error);
    return value ? boost::json::serialize(*value) : "-";
  }
  std::string token(const routing::session_token& t) const {
    return routing::encode_token(t, *example_.snapshot->keys);
  }
  routing::session_token session(std::uint8_t first_byte) const {
    routing::session_token t;
    t.session_id[0] = first_byte;
    t.expires_unix_s = now_unix_s + 60;
    t.epoch = 6;
    return t;
  }
  /// A user whose owner in pool chat is this member.
  std::string user_of(std::string_view member) {
    const auto& v = example_.pool("chat").view;
    for (int i = 0;; ++i) {
      const auto user = "user-" + std::to_string(i);
      if (v.members()[routing::owner(v, routing::hash_bytes(user))].id == member) return user;
    }
  }

  example example_;
};

// -- the decision -----------------------------------------------------

TEST_F(explain_test, a_key_in_a_header_says_all_of_its_way) {
  const auto user = user_of("b");
  const auto said = ask("url=/room/7?x=1&host=Chat.Example.Com:8080&header=x-user-id:" + user);
  EXPECT_EQ(at(said, "/request"), R"({"host":"chat.example.com","path":"/room/7","query":"x=1"})");
  EXPECT_EQ(at(said, "/route"), R"({"name":"chat","host":"chat.example.com","path":"/"})");
  EXPECT_EQ(at(said, "/pool"), "\"chat\"");
  EXPECT_EQ(at(said, "/epoch"), "42");
  EXPECT_EQ(at(said, "/placement"), "\"weighted-rendezvous/1\"");
  EXPECT_EQ(at(said, "/key/source"), R"({"kind":"header","place":1,"of":2,"name":"X-User-Id"})");
  EXPECT_EQ(at(said, "/key/text"), '"' + user + '"');
  EXPECT_EQ(at(said, "/key/hash"), fmt::format("\"{:016x}\"", routing::hash_bytes(user)));
  EXPECT_EQ(at(said, "/owner"), "\"b\"");
  EXPECT_EQ(at(said, "/decision/member"), "\"b\"");
  EXPECT_EQ(at(said, "/decision/reason"), "\"owner\"");
  EXPECT_EQ(at(said, "/decision/sticky"), "\"hit\"");
  EXPECT_EQ(at(said, "/ranking/0/member"), "\"b\"");
  EXPECT_EQ(at(said, "/ranking/0/weight"), "2");
  EXPECT_EQ(at(said, "/ranking/1/member"), "\"a\"");
  EXPECT_EQ(at(said, "/ranking/2"), "-");
  EXPECT_EQ(at(said, "/left_out"), R"([{"member":"c","why_not":"draining"}])");
}

TEST_F(explain_test, it_agrees_with_the_data_plane_for_every_key) {
  example_.take_down("chat", "a");
  const auto& p = example_.pool("chat");
  for (int i = 0; i < 200; ++i) {
    const auto user = std::to_string(i);
    const auto placed =
        routing::place(p.view, routing::placement_key::of_request(routing::hash_bytes(user)), p.placement, 0,
                       [&](std::uint32_t m) { return p.view.members()[m].id == "a"; });
    const auto said = ask("pool=chat&key=" + user);
    EXPECT_EQ(at(said, "/decision/member"), '"' + p.view.members()[placed.member].id + '"');
    EXPECT_EQ(at(said, "/decision/reason"), '"' + std::string(to_string(placed.reason)) + '"');
    EXPECT_EQ(at(said, "/decision/sticky"), '"' + std::string(to_string(placed.sticky)) + '"');
  }
}

TEST_F(explain_test, an_unreachable_owner_is_named_and_the_next_is_chosen) {
  example_.take_down("chat", "b");
  const auto said = ask("pool=chat&key=" + user_of("b"));
  EXPECT_EQ(at(said, "/owner"), "\"b\"");
  EXPECT_EQ(at(said, "/ranking/0/why_not"), "\"unreachable\"");
  EXPECT_EQ(at(said, "/ranking/1/why_not"), "-");
  EXPECT_EQ(at(said, "/decision/member"), "\"a\"");
  EXPECT_EQ(at(said, "/decision/reason"), "\"failed_over\"");
  EXPECT_EQ(at(said, "/decision/sticky"), "\"moved\"");
}

TEST_F(explain_test, a_member_that_is_left_out_is_told_why) {
  const auto row_of = [&](const std::string& id) {
    const auto said = ask("pool=chat&key=alice");
    return at(said, "/ranking/0/member") == '"' + id + '"' ? at(said, "/ranking/0/why_not")
                                                           : at(said, "/ranking/1/why_not");
  };
  example_.member("chat", "a").set_unhealthy(true);
  EXPECT_EQ(row_of("a"), "\"unhealthy\"");
  EXPECT_EQ(row_of("b"), "-");
  example_.member("chat", "b").answers.eject({.failures = 1}, std::chrono::steady_clock::now());
  EXPECT_EQ(row_of("b"), "\"ejected\"");
  EXPECT_EQ(at(ask("pool=chat&key=alice"), "/decision/refusal"), "\"owner_unreachable\"");
  example_.member("chat", "b").answers.pardon();
  EXPECT_EQ(at(ask("pool=chat&key=alice"), "/decision/member"), "\"b\"");
}

TEST_F(explain_test, without_fail_over_an_unreachable_owner_is_a_503) {
  example_.take_down("app", "x");
  const auto said = ask("url=/users/alice");
  EXPECT_EQ(at(said, "/decision/member"), "null");
  EXPECT_EQ(at(said, "/decision/refusal"), "\"owner_unreachable\"");
  EXPECT_EQ(at(said, "/decision/status"), "503");
  EXPECT_EQ(at(said, "/decision/reason"), "\"owner_unreachable\"");
}

// -- envelopes and bounded load -----------------------------------------

class explain_envelopes : public explain_test {
protected:
  explain_envelopes() {
    auto& p = example_.pool("chat");
    routing::key_source source;
    source.name = "Mcp-Session-Id";
    source.envelope = true;
    p.settings.session.key.insert(p.settings.session.key.begin(), source);
    p.envelopes = routing::envelopes_of("chat", p.settings.session.key);
  }
  std::string sealed(std::string_view member, std::string_view incarnation, std::uint64_t epoch = 41) const {
    std::string text = "7f3a", scratch;
    const routing::envelope_tag tag{routing::hash_bytes(member), routing::hash_bytes(incarnation), epoch};
    routing::append_seal(text, "7f3a", tag, example_.snapshot->pools[0]->envelopes[0],
                         *example_.snapshot->keys, scratch);
    return text;
  }
  boost::json::object ask_with(const std::string& value) const {
    return ask("host=chat.example.com&header=mcp-session-id:" + value);
  }
};

TEST_F(explain_envelopes, a_valid_one_names_its_member) {
  const auto said = ask_with(sealed("c", "c-1"));
  EXPECT_EQ(at(said, "/envelopes"), R"([{"kind":"header","name":"Mcp-Session-Id","state":"valid","epoch":41,)"
                                    R"("pin":{"member":"c","state":"there"}}])");
  EXPECT_EQ(at(said, "/key/source"),
            R"({"kind":"header","place":1,"of":3,"name":"Mcp-Session-Id","envelope":true})");
  EXPECT_EQ(at(said, "/key/text"), "\"7f3a\"") << "without its tag";
  EXPECT_EQ(at(said, "/decision/member"), "\"c\"") << "though it drains";
  EXPECT_EQ(at(said, "/decision/reason"), "\"pin\"");
  const auto text = explanation_text(said);
  EXPECT_NE(text.find("Envelope  header Mcp-Session-Id: valid, issued by c (there) in epoch 41\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("from envelope of header Mcp-Session-Id (source 1 of 3)"), std::string::npos) << text;
}

TEST_F(explain_envelopes, a_forged_one_is_refused) {
  const auto said = ask_with("8" + sealed("a", "a-1"));
  EXPECT_EQ(at(said, "/envelopes/0/state"), "\"forged\"");
  EXPECT_EQ(at(said, "/envelopes/0/pin"), "-");
  EXPECT_EQ(at(said, "/decision/refusal"), "\"forged_envelope\"");
  EXPECT_EQ(at(said, "/decision/status"), "400");
}

TEST_F(explain_envelopes, a_bare_one_is_no_key) {
  const auto said = ask_with("7f3a");
  EXPECT_EQ(at(said, "/envelopes/0/state"), "\"bare\"");
  EXPECT_EQ(at(said, "/key/state"), "\"absent\"");
  EXPECT_EQ(at(said, "/decision/reason"), "\"balanced\"");
}

TEST_F(explain_envelopes, a_member_that_is_gone_is_told) {
  EXPECT_EQ(at(ask_with(sealed("a", "a-0")), "/envelopes/0/pin"),
            R"({"member":"a","state":"another_incarnation"})");
  const auto moved = ask_with(sealed("z", "z-1"));
  EXPECT_EQ(at(moved, "/envelopes/0/pin"), R"({"member":null,"state":"gone"})");
  EXPECT_EQ(at(moved, "/decision/sticky"), "\"moved\"");
  example_.pool("chat").placement.on_unreachable = routing::fail_over::refuse;
  const auto refused = ask_with(sealed("z", "z-1"));
  EXPECT_EQ(at(refused, "/decision/refusal"), "\"member_gone\"");
  EXPECT_EQ(at(refused, "/decision/reason"), "\"member_gone\"");
  auto& known = example_.pool("chat").state->known;
  known.set(42, 0);
  EXPECT_EQ(at(ask_with(sealed("z", "z-1", 43)), "/decision/refusal"), "\"member_unknown\"")
      << "it may have come since";
  known.set(43, 0);
  EXPECT_EQ(at(ask_with(sealed("z", "z-1", 43)), "/decision/refusal"), "\"member_gone\"");
}

TEST_F(explain_envelopes, loads_are_told_where_there_is_a_bound) {
  EXPECT_EQ(at(ask_with(""), "/load"), "-");
  auto& p = example_.pool("chat");
  p.placement.bounded_load_thousandths = 1'250;
  example_.member("chat", "a").busy = 6;
  example_.member("chat", "b").busy = 2;
  const auto said = ask_with("");
  EXPECT_EQ(at(said, "/load/factor"), "1.25E0");
  EXPECT_EQ(at(said, "/load/members"), R"([{"member":"a","busy":6,"bound":4,"has_room":false},)"
                                       R"({"member":"b","busy":2,"bound":8,"has_room":true}])");
  EXPECT_EQ(at(said, "/decision/reason"), "\"balanced\"") << "which member is a matter of chance";
  const auto text = explanation_text(said);
  EXPECT_NE(text.find("Load      a 6/4, b 2/8 (busy/bound of new sessions)\n"), std::string::npos) << text;
  example_.take_down("chat", "a");
  EXPECT_EQ(at(ask_with(""), "/load/members"), R"([{"member":"b","busy":2,"bound":4,"has_room":true}])");
}

TEST_F(explain_test, a_new_session_that_is_spilled_says_so) {
  auto& p = example_.pool("shop");
  p.placement.bounded_load_thousandths = 1'250;
  auto gone = session(1);
  gone.pin_id_hash = routing::hash_bytes("s3");
  gone.pin_incarnation_hash = 1;
  const auto query = "url=/shop&cookie=limpet%3d" + token(gone);
  const auto owner = at(ask(query), "/decision/member");
  example_.member("shop", owner == "\"s1\"" ? "s1" : "s2").busy = 10;
  const auto said = ask(query);
  EXPECT_EQ(at(said, "/decision/member"), owner == "\"s1\"" ? "\"s2\"" : "\"s1\"");
  EXPECT_EQ(at(said, "/decision/reason"), "\"spilled\"");
}

TEST_F(explain_test, an_empty_view_has_no_members) {
  example_.pool("chat").view = routing::view({}, 43);
  example_.pool("chat").targets.clear();
  const auto said = ask("pool=chat&key=alice");
  EXPECT_EQ(at(said, "/owner"), "null");
  EXPECT_EQ(at(said, "/decision/refusal"), "\"no_members\"");
}

TEST_F(explain_test, a_snapshot_that_nobody_dials_from_takes_every_member_as_reachable) {
  for (auto& target : example_.pool("chat").targets)
    target.shared.reset();
  EXPECT_EQ(at(ask("pool=chat&key=" + user_of("b")), "/decision/member"), "\"b\"");
}

// -- the key ----------------------------------------------------------

TEST_F(explain_test, the_second_source_counts_where_the_first_is_absent) {
  const auto said = ask("host=chat.example.com&url=/?room=caf%25C3%25A9");
  EXPECT_EQ(at(said, "/key/source"), R"({"kind":"query","place":2,"of":2,"name":"room"})");
  EXPECT_EQ(at(said, "/key/text"), "\"caf\xc3\xa9\"");
}

TEST_F(explain_test, a_key_that_is_no_text_is_shown_in_hexadecimal_only) {
  const auto said = ask("pool=chat&key=%ff%00");
  EXPECT_EQ(at(said, "/key/text"), "-");
  EXPECT_EQ(at(said, "/key/hex"), "\"ff00\"");
}

TEST_F(explain_test, a_path_segment_is_a_key) {
  const auto said = ask("url=/users/alice/inbox");
  EXPECT_EQ(at(said, "/route/name"), "\"/\"");
  EXPECT_EQ(at(said, "/key/source"), R"({"kind":"path","place":1,"of":2,"segment":2})");
  EXPECT_EQ(at(said, "/key/text"), "\"alice\"");
}

TEST_F(explain_test, the_clients_address_counts_through_trusted_proxies) {
  example_.snapshot->forwarded.trusted = {*routing::ip_network::parse("10.0.0.0/8")};
  const auto said = ask("url=/x&client=10.0.0.1&header=X-Forwarded-For:203.0.113.99");
  EXPECT_EQ(at(said, "/request/client"), "\"203.0.113.99\"");
  EXPECT_EQ(at(said, "/key/source"), R"({"kind":"client_address","place":2,"of":2,"prefix":24})");
  EXPECT_EQ(at(said, "/key/hex"), "\"cb007100\"") << "the network's bytes";
  EXPECT_EQ(at(ask("url=/x&client=203.0.113.7"), "/key/hash"), at(said, "/key/hash"));
}

TEST_F(explain_test, a_key_from_the_clients_address_needs_a_client) {
  EXPECT_EQ(at(ask("url=/x"), "/error"), "\"the key is the client's address: give a client\"");
}

TEST_F(explain_test, a_repeated_header_is_a_400) {
  const auto said = ask("host=chat.example.com&header=X-User-Id:a&header=x-user-id:b");
  EXPECT_EQ(at(said, "/key/state"), "\"repeated\"");
  EXPECT_EQ(at(said, "/decision/refusal"), "\"malformed_key\"");
  EXPECT_EQ(at(said, "/decision/status"), "400");
  EXPECT_EQ(at(said, "/ranking"), "-");
}

TEST_F(explain_test, a_key_that_is_too_long_is_a_400_wherever_it_comes_from) {
  const std::string key(65, 'k');
  for (const auto& said :
       {ask("host=chat.example.com&header=X-User-Id:" + key), ask("pool=chat&key=" + key)}) {
    EXPECT_EQ(at(said, "/key/state"), "\"too_long\"");
    EXPECT_EQ(at(said, "/decision/refusal"), "\"malformed_key\"");
  }
}

TEST_F(explain_test, without_a_key_any_member_may_take_the_request) {
  const auto said = ask("host=chat.example.com");
  EXPECT_EQ(at(said, "/key"), R"({"state":"absent"})");
  EXPECT_EQ(at(said, "/decision/member"), "null");
  EXPECT_EQ(at(said, "/decision/reason"), "\"balanced\"");
  EXPECT_EQ(at(said, "/decision/sticky"), "\"none\"");
  EXPECT_EQ(at(said, "/decision/refusal"), "-");
}

TEST_F(explain_test, a_pool_that_wants_a_key_refuses_without_one) {
  example_.pool("app").settings.session.key.pop_back();
  const auto said = ask("url=/x");
  EXPECT_EQ(at(said, "/decision/refusal"), "\"no_session_key\"");
}

// -- issued cookies ---------------------------------------------------

TEST_F(explain_test, a_pinned_cookie_holds_its_session) {
  auto t = session(1);
  t.pin_id_hash = routing::hash_bytes("s2");
  t.pin_incarnation_hash = routing::hash_bytes("s2-1");
  const auto said = ask("url=/shop&cookie=limpet%3D" + token(t));
  EXPECT_EQ(at(said, "/key/source"),
            R"({"kind":"cookie","place":1,"of":1,"name":"limpet","issued":true,"pin":true})");
  EXPECT_EQ(at(said, "/token/state"), "\"valid\"");
  EXPECT_EQ(at(said, "/token/epoch"), "6");
  EXPECT_EQ(at(said, "/token/expires_unix_seconds"), std::to_string(now_unix_s + 60));
  EXPECT_EQ(at(said, "/token/pin"), R"({"member":"s2","state":"there"})");
  EXPECT_EQ(at(said, "/decision/member"), "\"s2\"");
  EXPECT_EQ(at(said, "/decision/reason"), "\"pin\"");
  EXPECT_EQ(at(said, "/decision/issues_cookie"), "false");
}

TEST_F(explain_test, a_pin_to_a_restarted_or_removed_member_holds_no_more) {
  auto t = session(1);
  t.pin_id_hash = routing::hash_bytes("s2");
  t.pin_incarnation_hash = routing::hash_bytes("s2-0");
  auto said = ask("url=/shop&cookie=limpet%3D" + token(t));
  EXPECT_EQ(at(said, "/token/pin"), R"({"member":"s2","state":"another_incarnation"})");
  EXPECT_EQ(at(said, "/decision/reason"), "\"owner\"");
  EXPECT_EQ(at(said, "/decision/sticky"), "\"moved\"");
  EXPECT_EQ(at(said, "/decision/issues_cookie"), "true");
  t.pin_id_hash = routing::hash_bytes("s9");
  said = ask("url=/shop&cookie=limpet%3D" + token(t));
  EXPECT_EQ(at(said, "/token/pin"), R"({"member":null,"state":"gone"})");
}

TEST_F(explain_test, a_cookie_that_does_not_verify_counts_as_absent_and_is_named) {
  auto t = session(1);
  auto forged = token(t);
  forged[10] = forged[10] == 'A' ? 'B' : 'A';
  t.expires_unix_s = now_unix_s;
  for (const auto& [cookie, state] :
       {std::pair(forged, "\"forged\""), {token(t), "\"expired\""}, {std::string("x"), "\"garbled\""}}) {
    const auto said = ask("url=/shop&cookie=limpet%3D" + cookie);
    EXPECT_EQ(at(said, "/token"), std::string(R"({"state":)") + state + "}");
    EXPECT_EQ(at(said, "/key/state"), "\"absent\"");
    EXPECT_EQ(at(said, "/decision/sticky"), "\"new\"");
  }
}

TEST_F(explain_test, a_new_session_goes_where_chance_leads_it) {
  const auto said = ask("url=/shop");
  EXPECT_EQ(at(said, "/decision/member"), "null");
  EXPECT_EQ(at(said, "/decision/sticky"), "\"new\"");
  EXPECT_EQ(at(said, "/decision/issues_cookie"), "true");
  EXPECT_EQ(at(said, "/token"), "-");
}

// -- the way to the pool ----------------------------------------------

TEST_F(explain_test, an_absolute_urls_host_counts) {
  EXPECT_EQ(at(ask("url=http://chat.example.com/&host=other.example.com"), "/route/name"), "\"chat\"");
  EXPECT_EQ(at(ask("url=/&header=Host:chat.example.com"), "/route/name"), "\"chat\"");
}

TEST_F(explain_test, what_the_data_plane_refuses_is_refused_here) {
  EXPECT_EQ(at(ask("url=/a%252Fb"), "/decision/refusal"), "\"ambiguous_path\"");
  EXPECT_EQ(at(ask("url=/a%20b"), "/decision/refusal"), "\"malformed_target\"");
  EXPECT_EQ(at(ask("url=shop"), "/decision/refusal"), "\"malformed_target\"");
  EXPECT_EQ(at(ask("url=/&host=a_b%5E"), "/decision/refusal"), "\"malformed_host\"");
}

TEST_F(explain_test, dot_segments_are_removed_before_the_route_is_sought) {
  EXPECT_EQ(at(ask("url=/x/../shop"), "/route/name"), "\"/shop\"");
}

TEST_F(explain_test, where_no_route_leads_there_is_none) {
  example_.snapshot->table =
      routing::route_table(std::vector<routing::route_match>{{"chat.example.com", "/"}});
  const auto said = ask("url=/&host=other.example.com");
  EXPECT_EQ(at(said, "/route"), "null");
  EXPECT_EQ(at(said, "/decision/refusal"), "\"no_route\"");
  EXPECT_EQ(at(said, "/pool"), "-");
}

TEST_F(explain_test, a_pool_may_be_named_without_a_route) {
  const auto said = ask("pool=shop&url=/elsewhere&cookie=limpet%3D" + token(session(3)));
  EXPECT_EQ(at(said, "/route"), "-");
  EXPECT_EQ(at(said, "/token/state"), "\"valid\"");
  EXPECT_EQ(at(said, "/decision/reason"), "\"owner\"");
}

TEST_F(explain_test, a_question_that_makes_no_sense_is_an_error_and_nothing_else) {
  EXPECT_EQ(boost::json::serialize(ask("pool=nowhere&key=a")), R"({"error":"there is no pool \"nowhere\""})");
  EXPECT_EQ(at(ask("url=/&key=a"), "/error"), "\"a key needs its pool\"");
  EXPECT_EQ(at(ask("url=/&client=localhost"), "/error"), "\"the client is no IP address\"");
  EXPECT_EQ(at(ask("url=/&header=a%20b:c"), "/error"), "\"a header that HTTP does not allow\"");
  EXPECT_EQ(at(ask("url=/&header=a:b%0d%0ac"), "/error"), "\"a header that HTTP does not allow\"");
  EXPECT_EQ(at(ask("url=/&cookie=a%0a"), "/error"), "\"a cookie that HTTP does not allow\"");
  EXPECT_EQ(at(ask("host=a&header=host:b"), "/error"), "\"the host is given twice\"");
}

// -- the query --------------------------------------------------------

TEST(explain_query, what_is_written_is_read_again) {
  explain_query q;
  q.url = "http://h/p?a=1&b=%20";
  q.host = "h:1";
  q.headers = {{"A", "b: c"}, {"D", ""}};
  q.cookies = {"a=b; c=d", "e=\"f+g\""};
  q.client = "::1";
  q.pool = "p";
  q.key = std::string("\0\xff&=", 4);
  explain_query read;
  EXPECT_EQ(parse_explain_query(to_query_string(q), read), std::nullopt);
  EXPECT_EQ(read.url, q.url);
  EXPECT_EQ(read.host, q.host);
  EXPECT_EQ(read.headers, q.headers);
  EXPECT_EQ(read.cookies, q.cookies);
  EXPECT_EQ(read.client, q.client);
  EXPECT_EQ(read.pool, q.pool);
  EXPECT_EQ(read.key, q.key);
}

TEST(explain_query, what_it_does_not_know_it_says) {
  explain_query q;
  EXPECT_NE(parse_explain_query("", q), std::nullopt);
  EXPECT_NE(parse_explain_query("client=::1", q), std::nullopt);
  EXPECT_NE(parse_explain_query("url=/&colour=red", q), std::nullopt);
  EXPECT_NE(parse_explain_query("url=/&url=/b", q), std::nullopt);
  EXPECT_NE(parse_explain_query("pool=p&key=%2", q), std::nullopt);
  EXPECT_NE(parse_explain_query("url=/&header=no-colon", q), std::nullopt);
  EXPECT_EQ(parse_explain_query("&&url=/&", q), std::nullopt);
}

// -- for people -------------------------------------------------------

TEST_F(explain_test, the_text_says_the_same) {
  example_.take_down("chat", "b");
  const auto user = user_of("b");
  const auto& v = example_.pool("chat").view;
  const auto hash = routing::hash_bytes(user);
  const auto ranked = routing::ranking(v, hash);
  EXPECT_EQ(explanation_text(ask("url=/room?x=1&host=chat.example.com&header=X-User-Id:" + user)),
            fmt::format(
                "Request   chat.example.com/room?x=1\n"
                "Route     chat (host chat.example.com, path /)\n"
                "Pool      chat, epoch 42, checksum {}, placement weighted-rendezvous/1\n"
                "Key       \"{}\" from header X-User-Id (source 1 of 2), hash {:016x}\n"
                "Ranking    1  b  score {:016x}  weight 2  unreachable\n"
                "           2  a  score {:016x}  weight 1\n"
                "           -  c  draining\n"
                "Owner     b\n"
                "Goes to   a, failed_over, sticky moved\n"
                "          The session's own member is left out, and it is the next of the key's ranking.\n",
                v.checksum(), user, hash, ranked[0].score, ranked[1].score));
}

TEST_F(explain_test, the_text_of_a_refusal_and_of_a_cookie) {
  auto t = session(1);
  t.pin_id_hash = routing::hash_bytes("s2");
  t.pin_incarnation_hash = routing::hash_bytes("s2-1");
  const auto pinned = explanation_text(ask("url=/shop&cookie=limpet%3D" + token(t)));
  EXPECT_NE(pinned.find("from issued cookie limpet (source 1 of 1)"), std::string::npos) << pinned;
  EXPECT_NE(pinned.find("Token     valid, expires 1795441567, issued in epoch 6, pinned to s2 (there)\n"),
            std::string::npos)
      << pinned;
  const auto refused = explanation_text(ask("url=/a%252Fb"));
  EXPECT_NE(refused.find("Goes to   refused with 400 (ambiguous_path)\n"), std::string::npos) << refused;
  EXPECT_EQ(explanation_text(ask("pool=nowhere&key=a")), "there is no pool \"nowhere\"\n");
}

TEST_F(explain_test, a_cookie_that_knows_more_than_the_proxy) {
  auto t = session(1);
  t.epoch = 9;
  const auto question = "url=/shop&cookie=limpet%3D" + token(t);
  EXPECT_EQ(explanation_text(ask(question)).find("ahead"), std::string::npos)
      << "a pool that counts for itself";
  auto& known = example_.pool("shop").state->known;
  known.set(8, 0);
  EXPECT_TRUE(ask(question).at("token").at("ahead").as_bool());
  EXPECT_NE(
      explanation_text(ask(question)).find("epoch 9 (ahead: a request has the members read again first)"),
      std::string::npos);
  known.set(9, 0);
  EXPECT_FALSE(ask(question).at("token").as_object().contains("ahead"));
}

TEST(explanation_text, a_long_ranking_is_cut) {
  boost::json::array ranking;
  for (int i = 0; i < 25; ++i)
    ranking.push_back(boost::json::object{{"member", std::to_string(i)}});
  const auto text = explanation_text({{"ranking", ranking}});
  EXPECT_NE(text.find("10  9 "), std::string::npos) << text;
  EXPECT_EQ(text.find("11  10 "), std::string::npos) << text;
  EXPECT_NE(text.find("and 15 more"), std::string::npos) << text;
}

TEST(explanation_text, whatever_the_object_holds_the_terminal_gets_no_controls) {
  const boost::json::object hostile{{"pool", "\x1b[2J\xc2\x9b"},
                                    {"route", 7},
                                    {"key", boost::json::array{1, 2}},
                                    {"ranking", boost::json::array{"a", nullptr, {{"member", "m\r\n"}}}},
                                    {"left_out", "x"},
                                    {"decision", {{"member", true}, {"issues_cookie", "yes"}, {"why", 3}}}};
  const auto text = explanation_text(hostile);
  for (const char c : text)
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  EXPECT_NE(text.find("Goes to   true\n"), std::string::npos) << text;
  EXPECT_EQ(explanation_text({}), "");
}

} // namespace
} // namespace limpet::ops
