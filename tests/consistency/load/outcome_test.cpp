#include "proxy/http/refusal.hpp"
#include "tests/consistency/load/outcome.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::load {
namespace {

using http::refusal;

outcome outcome_of(refusal r, kind what = kind::append) {
  const auto& facts = http::facts_of(r);
  const auto page = std::string(facts.text) + " Request id: 00.\n";
  return reply_of(what, facts.status, page).how;
}

TEST(Outcome, IsANoWhereTheProxySentNothingAndUnknownElsewhere) {
  for (const auto r : {refusal::no_members, refusal::owner_unreachable, refusal::connect_failed,
                       refusal::connect_timeout, refusal::upstream_limit, refusal::fenced,
                       refusal::parking_full, refusal::parked_too_long, refusal::connection_limit})
    EXPECT_EQ(outcome_of(r), outcome::no) << http::facts_of(r).name;
  for (const auto r : {refusal::member_closed_early, refusal::malformed_answer, refusal::answer_timeout,
                       refusal::member_removed, refusal::shutting_down, refusal::internal_error})
    EXPECT_EQ(outcome_of(r), outcome::unknown) << http::facts_of(r).name;
}

TEST(Outcome, OfAReadIsUnknownWhereAnAttemptBeforeMayHaveReachedTheMember) {
  for (const auto r : {refusal::no_members, refusal::owner_unreachable, refusal::connect_failed})
    EXPECT_EQ(outcome_of(r, kind::read), outcome::unknown) << http::facts_of(r).name;
  for (const auto r : {refusal::fenced, refusal::parked_too_long})
    EXPECT_EQ(outcome_of(r, kind::read), outcome::no) << http::facts_of(r).name;
}

TEST(Outcome, OfAnAnswerThatIsNoListIsUnheardOf) {
  EXPECT_EQ(reply_of(kind::read, 200, "1,2").values, (list{1, 2}));
  EXPECT_EQ(reply_of(kind::read, 200, "-").how, outcome::ok);
  EXPECT_TRUE(reply_of(kind::read, 200, "a page").is_unheard_of);
  EXPECT_TRUE(reply_of(kind::append, 404, "").is_unheard_of);
  EXPECT_FALSE(reply_of(kind::append, 504, "").is_unheard_of);
}

TEST(Outcome, OfAMessageIsThatOfTheOperationThatItNames) {
  const operation read{kind::read, "s", "o1", 0};
  const operation append{kind::append, "s", "o2", 7};
  EXPECT_EQ(reply_of(read, "list o1 4,5").values, (list{4, 5}));
  EXPECT_EQ(reply_of(append, "ok o2 3").how, outcome::ok);
  for (const auto* message : {"", "list o2 4", "list o1 ", "ok o1 3", "list o1"})
    EXPECT_EQ(reply_of(read, message).how, outcome::unknown) << message;
}

} // namespace
} // namespace limpet::load
