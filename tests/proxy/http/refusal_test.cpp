#include "proxy/http/refusal.hpp"
#include "proxy/http/refusal_page.hpp"
#include "proxy/http/worker_state.hpp"
#include "tests/proxy/http/heads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace limpet::http {
namespace {

using testing::Contains;
using testing::Not;
using testing::StartsWith;

std::vector<refusal> all_refusals() {
  std::vector<refusal> all;
  for (auto r = static_cast<int>(refusal::none) + 1; r < static_cast<int>(refusal::count_); ++r)
    all.push_back(static_cast<refusal>(r));
  return all;
}

TEST(refusal, has_a_row_of_its_own_in_the_order_of_the_enumeration) {
  using enum refusal;
  const std::pair<refusal, std::string_view> rows[] = {
      {none, "none"},
      {malformed_head, "malformed_head"},
      {malformed_host, "malformed_host"},
      {malformed_target, "malformed_target"},
      {ambiguous_path, "ambiguous_path"},
      {ambiguous_framing, "ambiguous_framing"},
      {malformed_body, "malformed_body"},
      {unsupported_version, "unsupported_version"},
      {unsupported_transfer_coding, "unsupported_transfer_coding"},
      {unsupported_method, "unsupported_method"},
      {request_line_too_long, "request_line_too_long"},
      {header_too_large, "header_too_large"},
      {body_too_large, "body_too_large"},
      {malformed_upgrade, "malformed_upgrade"},
      {malformed_key, "malformed_key"},
      {forged_envelope, "forged_envelope"},
      {header_timeout, "header_timeout"},
      {body_timeout, "body_timeout"},
      {no_route, "no_route"},
      {no_session_key, "no_session_key"},
      {no_members, "no_members"},
      {owner_unreachable, "owner_unreachable"},
      {member_gone, "member_gone"},
      {member_unknown, "member_unknown"},
      {connect_failed, "connect_failed"},
      {connect_timeout, "connect_timeout"},
      {member_closed_early, "member_closed_early"},
      {malformed_answer, "malformed_answer"},
      {answer_timeout, "answer_timeout"},
      {member_removed, "member_removed"},
      {upstream_limit, "upstream_limit"},
      {fenced, "fenced"},
      {parking_full, "parking_full"},
      {parked_too_long, "parked_too_long"},
      {connection_limit, "connection_limit"},
      {shutting_down, "shutting_down"},
      {internal_error, "internal_error"}};
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(count_));
  for (const auto& [r, name] : rows)
    EXPECT_EQ(facts_of(r).name, name);
}

TEST(refusal, has_a_name_that_no_other_has) {
  std::set<std::string_view> names;
  for (const auto r : all_refusals())
    EXPECT_TRUE(names.insert(facts_of(r).name).second) << facts_of(r).name;
}

TEST(refusal, has_the_status_of_whose_fault_it_is) {
  for (const auto r : all_refusals()) {
    const auto& facts = facts_of(r);
    const auto hundreds = facts.status / 100;
    const bool not_spoken =
        facts.status == 501 || facts.status == 505; // the client asks for what we do not speak
    EXPECT_TRUE(hundreds == 4 || hundreds == 5) << facts.name;
    EXPECT_EQ(facts.whose == fault::client, hundreds == 4 || not_spoken) << facts.name;
  }
}

TEST(refusal, tells_when_to_try_again_with_each_503) { // RFC 9110 section 10.2.3
  for (const auto r : all_refusals())
    EXPECT_EQ(facts_of(r).retry_after, facts_of(r).status == 503) << facts_of(r).name;
}

TEST(refusal, has_one_reason_for_each_status_and_a_sentence) {
  std::map<unsigned, std::string_view> reasons;
  for (const auto r : all_refusals()) {
    const auto& facts = facts_of(r);
    const auto known = reasons.try_emplace(facts.status, facts.reason).first;
    EXPECT_EQ(known->second, facts.reason) << facts.name;
    EXPECT_TRUE(facts.text.ends_with('.')) << facts.name;
  }
}

TEST(refusal, gives_the_statuses_that_are_promised) {
  using enum refusal;
  const std::pair<refusal, unsigned> promised[] = {{malformed_head, 400},
                                                   {ambiguous_framing, 400},
                                                   {malformed_host, 400},
                                                   {no_route, 404},
                                                   {header_timeout, 408},
                                                   {body_too_large, 413},
                                                   {request_line_too_long, 414},
                                                   {header_too_large, 431},
                                                   {unsupported_transfer_coding, 501},
                                                   {member_closed_early, 502},
                                                   {malformed_answer, 502},
                                                   {no_members, 503},
                                                   {connect_failed, 503},
                                                   {answer_timeout, 504}};
  for (const auto& [r, status] : promised)
    EXPECT_EQ(facts_of(r).status, status) << facts_of(r).name;
}

// -- the page ---------------------------------------------------------

struct page_text {
  std::vector<std::string> head;
  std::string content;
};

page_text write(refusal why, const refusal_page& page) {
  std::string out;
  write_refusal(facts_of(why), page, out);
  const auto end = out.find("\r\n\r\n") + 4;
  return {lines_of(out.substr(0, end)), out.substr(end)};
}

TEST(refusal_page, is_short_plain_text_of_the_length_it_says) {
  for (const auto why : all_refusals()) {
    const auto [head, content] = write(why, {"id-7", "today"});
    const auto& facts = facts_of(why);
    EXPECT_EQ(head[0], "HTTP/1.1 " + std::to_string(facts.status) + ' ' + std::string(facts.reason));
    for (const std::string line :
         {"Server: limpet", "Date: today", "X-Request-Id: id-7", "Cache-Control: no-store",
          "Content-Type: text/plain; charset=utf-8", "Connection: close"})
      EXPECT_THAT(head, Contains(line)) << facts.name;
    EXPECT_THAT(head, Contains("Content-Length: " + std::to_string(content.size()))) << facts.name;
    EXPECT_EQ(content, std::string(facts.text) + " Request id: id-7.\n");
  }
}

TEST(refusal_page, keeps_the_connection_where_told) {
  EXPECT_THAT(write(refusal::no_route, {"", "", true}).head, Not(Contains(StartsWith("Connection"))));
}

TEST(refusal_page, has_the_head_alone_in_answer_to_a_head) { // RFC 9110 section 9.3.2
  const auto whole = write(refusal::no_route, {"id", "today", false, false});
  const auto head_only = write(refusal::no_route, {"id", "today", false, true});
  EXPECT_EQ(head_only.head, whole.head);
  EXPECT_EQ(head_only.content, "");
}

TEST(refusal_page, says_when_to_try_again) {
  refusal_page page;
  page.retry_after_s = 7;
  EXPECT_THAT(write(refusal::no_members, page).head, Contains("Retry-After: 7"));
  EXPECT_THAT(write(refusal::no_route, page).head, Not(Contains(StartsWith("Retry-After"))));
}

TEST(refusal_page, names_the_methods_that_are_forwarded) { // RFC 9110 section 15.5.6
  EXPECT_THAT(write(refusal::unsupported_method, {}).head, Contains(StartsWith("Allow: GET")));
}

TEST(request_id, is_128_bits_in_hex_and_never_the_same) {
  net::event_loop events;
  process_state process;
  worker_state worker(events, process);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::string id = "old";
    make_request_id(worker, id);
    EXPECT_EQ(id.size(), 32U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

} // namespace
} // namespace limpet::http
