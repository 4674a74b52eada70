#include "proxy/membership/etcd/codec.hpp"

#include <gtest/gtest.h>

namespace limpet::etcd {
namespace {

// The answers below are those of a real etcd 3.4.23; the shapes of later versions are marked.

TEST(encode, defaults_are_left_out_and_numbers_are_strings) {
  EXPECT_EQ(encode(range_request{}), "{}");
  EXPECT_EQ(encode(range_request{.key = "a", .range_end = "b", .limit = 10, .revision = 5}),
            R"({"key":"YQ==","range_end":"Yg==","limit":"10","revision":"5"})");
  EXPECT_EQ(encode(put_request{.key = "a", .value = "", .lease = 0}), R"({"key":"YQ=="})");
  EXPECT_EQ(encode(put_request{.key = "a", .value = "1", .lease = 9'223'372'036'854'775'807}),
            R"({"key":"YQ==","value":"MQ==","lease":"9223372036854775807"})");
  EXPECT_EQ(encode(delete_range_request{.key = "a", .range_end = ""}), R"({"key":"YQ=="})");
  EXPECT_EQ(encode(lease_grant_request{.ttl_s = 5, .id = 0}), R"({"TTL":"5"})");
  EXPECT_EQ(encode_lease_id(7), R"({"ID":"7"})");
  EXPECT_EQ(encode_authenticate("me", "\"quoted\""), R"({"name":"me","password":"\"quoted\""})");
  EXPECT_EQ(
      encode(watch_create_request{.key = "a", .range_end = "b", .start_revision = 3}),
      R"({"create_request":{"key":"YQ==","range_end":"Yg==","start_revision":"3","progress_notify":true,"fragment":true}})");
}

TEST(encode, a_comparison_says_its_operand_even_where_it_is_zero) {
  const txn_request create{
      .compares = {{.key = "k", .what = compare::target::create_revision, .number = 0, .value = {}}},
      .success = {put_request{.key = "k", .value = "v", .lease = 1}},
      .failure = {range_request{.key = "k", .range_end = {}}}};
  EXPECT_EQ(encode(create),
            R"({"compare":[{"key":"aw==","result":"EQUAL","target":"CREATE","create_revision":"0"}],)"
            R"("success":[{"request_put":{"key":"aw==","value":"dg==","lease":"1"}}],)"
            R"("failure":[{"request_range":{"key":"aw=="}}]})");
}

TEST(encode, every_target_and_relation) {
  using target = compare::target;
  using relation = compare::relation;
  const txn_request request{
      .compares =
          {{.key = "k", .what = target::mod_revision, .how = relation::greater, .number = 3, .value = {}},
           {.key = "k", .what = target::lease, .how = relation::not_equal, .number = 4, .value = {}},
           {.key = "k", .what = target::value, .how = relation::less, .number = 0, .value = "x"},
           {.key = "k", .value = {}, .range_end = "l"}},
      .success = {delete_range_request{.key = "k", .range_end = {}}},
      .failure = {}};
  EXPECT_EQ(encode(request),
            R"({"compare":[{"key":"aw==","result":"GREATER","target":"MOD","mod_revision":"3"},)"
            R"({"key":"aw==","result":"NOT_EQUAL","target":"LEASE","lease":"4"},)"
            R"({"key":"aw==","result":"LESS","target":"VALUE","value":"eA=="},)"
            R"({"key":"aw==","range_end":"bA==","result":"EQUAL","target":"CREATE","create_revision":"0"}],)"
            R"("success":[{"request_delete_range":{"key":"aw=="}}],"failure":[]})");
}

TEST(decode, an_empty_range) {
  const auto range = decode_range(
      R"({"header":{"cluster_id":"18446744073709551615","member_id":"3319814642761637952","revision":"1","raft_term":"2"}})");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->header.cluster_id, 18'446'744'073'709'551'615u);
  EXPECT_EQ(range->header.revision, 1);
  EXPECT_TRUE(range->kvs.empty());
  EXPECT_FALSE(range->more);
}

TEST(decode, a_range_with_keys) {
  const auto range = decode_range(
      R"({"header":{"revision":"5"},"kvs":[{"key":"Yw==","create_revision":"5","mod_revision":"6","version":"1","value":"eA==","lease":"77"},)"
      R"({"key":"ZA==","create_revision":7,"mod_revision":7}],"more":true,"count":"3"})");
  ASSERT_TRUE(range);
  ASSERT_EQ(range->kvs.size(), 2u);
  EXPECT_EQ(range->kvs[0].key, "c");
  EXPECT_EQ(range->kvs[0].value, "x");
  EXPECT_EQ(range->kvs[0].create_revision, 5);
  EXPECT_EQ(range->kvs[0].mod_revision, 6);
  EXPECT_EQ(range->kvs[0].lease, 77);
  EXPECT_EQ(range->kvs[1].value, "");
  EXPECT_EQ(range->kvs[1].mod_revision, 7) << "numbers that are numbers are taken too";
  EXPECT_TRUE(range->more);
}

TEST(decode, a_transaction) {
  const auto txn = decode_txn(
      R"({"header":{"revision":"5"},"responses":[{"response_range":{"header":{"revision":"5"},"kvs":[{"key":"Yw==","value":"eA=="}],"count":"1"}},)"
      R"({"response_delete_range":{"header":{"revision":"5"},"deleted":"2"}},{"response_put":{"header":{"revision":"5"}}}]})");
  ASSERT_TRUE(txn);
  EXPECT_FALSE(txn->succeeded);
  ASSERT_EQ(txn->responses.size(), 3u);
  EXPECT_EQ(std::get<range_response>(txn->responses[0]).kvs.at(0).value, "x");
  EXPECT_EQ(std::get<delete_range_response>(txn->responses[1]).deleted, 2);
  EXPECT_EQ(std::get<put_response>(txn->responses[2]).header.revision, 5);
}

TEST(decode, leases) {
  const auto granted =
      decode_lease_grant(R"({"header":{"revision":"5"},"ID":"2324035565217487627","TTL":"5"})");
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->id, 2'324'035'565'217'487'627);
  EXPECT_EQ(granted->ttl_s, 5);
  EXPECT_FALSE(decode_lease_grant("{}")) << "a lease without an id is none";

  const auto kept =
      decode_keep_alive("{\"result\":{\"header\":{\"revision\":\"5\"},\"ID\":\"12\",\"TTL\":\"5\"}}\n");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->ttl_s, 5);

  const auto lost = decode_keep_alive(R"({"result":{"header":{"revision":"5"},"ID":"12345"}})");
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->ttl_s, 0);
}

TEST(decode, a_watch_from_its_creation_to_its_end) {
  const auto created =
      decode_watch(R"({"result":{"header":{"cluster_id":"3","revision":"2"},"created":true}})");
  ASSERT_TRUE(created);
  EXPECT_TRUE(created->created);
  EXPECT_EQ(created->header.cluster_id, 3u);

  const auto changed = decode_watch(
      R"({"result":{"header":{"revision":"4"},"events":[{"kv":{"key":"YQ==","create_revision":"2","mod_revision":"3","version":"1","value":"MQ=="}},)"
      R"({"type":"DELETE","kv":{"key":"Yg==","mod_revision":"4"}}]}})");
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->events.size(), 2u);
  EXPECT_EQ(changed->events[0].what, watch_event::type::put);
  EXPECT_EQ(changed->events[0].kv.value, "1");
  EXPECT_EQ(changed->events[1].what, watch_event::type::remove);
  EXPECT_EQ(changed->events[1].kv.key, "b");
  EXPECT_EQ(changed->events[1].kv.mod_revision, 4);

  const auto compacted = decode_watch(
      R"({"result":{"header":{"cluster_id":"324952591200643719"},"canceled":true,"compact_revision":"3"}})");
  ASSERT_TRUE(compacted);
  EXPECT_TRUE(compacted->canceled);
  EXPECT_EQ(compacted->compact_revision, 3);

  const auto denied = decode_watch(
      R"({"result":{"header":{"revision":"3"},"watch_id":"-1","created":true,"canceled":true,"cancel_reason":"rpc error: denied\n"}})");
  ASSERT_TRUE(denied);
  EXPECT_TRUE(denied->canceled);
  EXPECT_EQ(denied->cancel_reason, "rpc error: denied?");
}

struct error_case {
  const char* what;
  unsigned status;
  const char* body;
  errc expected;
};

TEST(decode_error, all_shapes) {
  const error_case cases[] = {
      {"3.4: lease", 404,
       R"({"error":"etcdserver: requested lease not found","message":"etcdserver: requested lease not found","code":5})",
       errc::not_found},
      {"3.6: lease", 404, R"({"code":5, "message":"etcdserver: requested lease not found", "details":[]})",
       errc::not_found},
      {"compacted", 400,
       R"({"error":"x","message":"etcdserver: mvcc: required revision has been compacted","code":11})",
       errc::compacted},
      {"stream, 3.5", 200,
       R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}})",
       errc::unavailable},
      {"stream, 3.6", 200, R"({"error":{"code":14,"message":"etcdserver: no leader","details":[]}})",
       errc::unavailable},
      {"timeout", 503, R"({"error":"x","message":"etcdserver: request timed out","code":14})",
       errc::unavailable},
      {"token", 401, R"({"error":"x","message":"etcdserver: invalid auth token","code":16})",
       errc::unauthenticated},
      {"old token", 400, R"({"error":"x","message":"etcdserver: revision of auth store is old","code":3})",
       errc::unauthenticated},
      {"no token", 400, R"({"error":"x","message":"etcdserver: user name is empty","code":3})",
       errc::unauthenticated},
      {"password", 400,
       R"({"error":"x","message":"etcdserver: authentication failed, invalid user ID or password","code":3})",
       errc::denied},
      {"permission", 403, R"({"error":"x","message":"etcdserver: permission denied","code":7})",
       errc::denied},
      {"request", 400, R"({"error":"unexpected EOF","message":"unexpected EOF","code":3})", errc::rejected},
      {"plain", 404, "Not Found\n", errc::rejected},
      {"plain", 503, "<html>no</html>", errc::unavailable},
      {"empty", 502, "", errc::unavailable},
      {"other JSON", 500, R"({"fault":1})", errc::unavailable},
      {"wrong types", 400, R"({"message":5,"code":"x"})", errc::rejected},
      {"list", 400, "[]", errc::rejected},
  };
  for (const error_case& one : cases) {
    const error decoded = decode_error(one.status, one.body);
    EXPECT_EQ(decoded.code, one.expected) << one.what << ": " << one.body;
    EXPECT_FALSE(decoded.message.empty()) << one.what;
  }
}

TEST(decode_error, a_certificate_with_a_common_name_is_explained) {
  const error refused = decode_error(
      400,
      "CommonName of client sending a request against gateway will be ignored and not used as expected\n");
  EXPECT_EQ(refused.code, errc::denied);
  EXPECT_NE(refused.message.find("certificate without a CN"), std::string::npos) << refused.message;
}

TEST(decode_error, messages_are_short_and_printable) {
  std::string lines(100'000, '\n');
  lines += 'x';
  const error long_one = decode_error(500, lines);
  EXPECT_LT(long_one.message.size(), 400u);
  EXPECT_EQ(long_one.message.find('\n'), std::string::npos);
}

TEST(decode, errors_in_a_stream) {
  const auto refused = decode_watch(
      R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::unavailable);
  EXPECT_NE(refused.error().message.find("no leader"), std::string::npos);
}

TEST(decode, what_is_not_etcds_is_malformed) {
  for (const char* text :
       {"", "x", "[]", "5", "null", R"({"result":5})", R"({"result":{"header":5}})",
        R"({"result":{"created":"yes"}})", R"({"result":{"events":{}}})", R"({"result":{"events":[5]}})",
        R"({"result":{"events":[{"type":7}]}})", R"({"result":{"events":[{"kv":{"key":"?"}}]}})",
        R"({"result":{"events":[{"kv":{"mod_revision":"1x"}}]}})",
        R"({"result":{"events":[{"kv":{"mod_revision":"9223372036854775808"}}]}})",
        R"({"result":{"events":[{"kv":{"mod_revision":1.5}}]}})", "{\"result\":{}", "{}"}) {
    const auto decoded = decode_watch(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, errc::malformed) << text;
  }
}

TEST(decode, deep_nesting_is_refused) {
  std::string deep = R"({"result":)";
  for (int i = 0; i < 100'000; ++i) {
    deep += '[';
  }
  EXPECT_FALSE(decode_watch(deep));
}

TEST(decode, a_message_cut_anywhere_is_an_error_and_nothing_worse) {
  const std::string whole =
      R"({"result":{"header":{"revision":"4"},"events":[{"kv":{"key":"YQ==","mod_revision":"3","value":"MQ=="}}]}})";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(decode_watch(whole.substr(0, cut))) << cut;
  }
}

TEST(decode, a_token_must_fit_into_a_header_field) {
  EXPECT_EQ(*decode_authenticate(R"({"token":"abc.123"})"), "abc.123");
  EXPECT_FALSE(decode_authenticate(R"({"token":"a\r\nX: y"})"));
  EXPECT_FALSE(decode_authenticate(R"({"token":""})"));
  EXPECT_FALSE(decode_authenticate("{}"));
}

} // namespace
} // namespace limpet::etcd
