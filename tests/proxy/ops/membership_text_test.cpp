#include "proxy/ops/membership_json.hpp"
#include "tests/proxy/ops/example.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gmock/gmock.h>

namespace limpet::ops {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct membership_text_test : testing::Test {
  example example_;
  membership::source_status source{"etcd", false, true, 42, 0, 0, 0, ""};
  membership::rails_status rails;
  moment now{std::chrono::steady_clock::time_point(1h),
             std::chrono::system_clock::time_point(1'800'000'000s)};

  std::string text() {
    for (const auto& p : example_.snapshot->pools)
      if (p->settings.name == "chat") return membership_text(membership_json({{p, source, {}, rails}}, now));
    return {};
  }
};

TEST_F(membership_text_test, a_quiet_pool_is_two_lines) {
  rails.members_told = 3;
  EXPECT_EQ(text(), "pool chat: etcd, epoch 42, 3 members in the view, 3 in the source\n"
                    "  so far: 0 mass removals, 0 flaps, 0 restores\n");
}

TEST_F(membership_text_test, all_that_is_held_back_is_told_with_its_reason_and_time) {
  rails.held = {{"a", now.steady, now.steady + 47s, 4, 4},
                {"b", now.steady, now.steady + 46'001ms, 4, 4},
                {"c", now.steady, now.steady + 60s, 2, 3}};
  rails.leaving = {{"d", now.steady, now.steady + 1s}};
  rails.damped = {{"e", 4, true, now.steady + 12s}, {"f", 1, false, std::nullopt}};
  rails.guard_trips = 1;
  rails.flaps = 5;
  EXPECT_EQ(text(), "pool chat: etcd, epoch 42, 3 members in the view, 0 in the source\n"
                    "  held back: 4 of 4 members left within 10s, more than 50 %\n"
                    "    a                leaves at 2027-01-15T08:00:47Z (in 47s) unless it comes back\n"
                    "    b                leaves at 2027-01-15T08:00:46Z (in 47s) unless it comes back\n"
                    "  held back: 2 of 3 members left within 10s, more than 50 %\n"
                    "    c                leaves at 2027-01-15T08:01:00Z (in 60s) unless it comes back\n"
                    "  just left:\n"
                    "    d                leaves at 2027-01-15T08:00:01Z (in 1s) unless it comes back\n"
                    "  left out, since they come and go:\n"
                    "    e                4 flaps; let in at 2027-01-15T08:00:12Z (in 12s) if it stays\n"
                    "    f                1 flap; not there now\n"
                    "  so far: 1 mass removal, 5 flaps, 0 restores\n");
}

TEST_F(membership_text_test, a_suspended_pool_says_what_waits) {
  rails.suspended = now.steady - 1min;
  EXPECT_THAT(text(), HasSubstr("  suspended since 2027-01-15T07:59:00Z; to come: nothing\n"));
  rails.pending = {{"x", "y"}, {"a"}, {"b"}};
  rails.held = {{"a", now.steady, std::nullopt, 4, 4}};
  EXPECT_THAT(text(), HasSubstr("to come: 2 join (x, y), 1 leaves (a), 1 changes (b)\n"));
  EXPECT_THAT(text(), HasSubstr("    a                waits for the pool to be resumed\n"));
}

TEST_F(membership_text_test, a_source_that_is_away_says_why) {
  source.stale = true;
  source.last_error = "connection refused";
  EXPECT_THAT(text(), HasSubstr("  stale: connection refused\n"));
  source.ready = false;
  EXPECT_THAT(text(), HasSubstr("  no list was ever seen\n"));
}

TEST_F(membership_text_test, long_lists_are_cut) {
  rails.suspended = now.steady;
  for (int i = 0; i < 30; ++i) {
    rails.held.push_back({"m" + std::to_string(i), now.steady, std::nullopt, 30, 30});
    rails.pending.left.push_back("m" + std::to_string(i));
  }
  EXPECT_THAT(text(), HasSubstr("m18, m19 and 10 more)"));
  EXPECT_THAT(text(), HasSubstr("    and 10 more\n"));
  EXPECT_THAT(text(), Not(HasSubstr("    m20")));
}

TEST_F(membership_text_test, what_another_process_says_is_not_believed) {
  for (const auto* told : {"{}", R"({"pools":5})", R"({"pools":[1,null,"x",[]]})",
                           R"({"pools":[{"name":5,"rails":"yes","held":{},"members":-1,"epoch":1.5}]})",
                           R"({"pools":[{"rails":true,"held":[1,{}],"damped":[{}],"leaving":[null],
                               "suspended":true,"pending":[]}]})"})
    membership_text(boost::json::parse(told).as_object());
  const auto hostile = membership_text(
      boost::json::parse(R"({"pools":[{"name":"a\u001b[31m","rails":true,"held":[{"id":"b\u009b\n"}]}]})")
          .as_object());
  EXPECT_THAT(hostile, Not(HasSubstr("\x1b")));
  EXPECT_THAT(hostile, Not(HasSubstr("\xc2\x9b")));
  EXPECT_THAT(hostile, HasSubstr("pool a?[31m: "));
}

} // namespace
} // namespace limpet::ops
