#include "proxy/membership/rails_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace limpet::membership {
namespace {

using kind = rails_event::kind;
using testing::HasSubstr;

TEST(rails_text, a_line_says_what_and_who_and_what_can_be_done) {
  const config::rail_settings settings;
  const auto text = [&](rails_event event) { return log_text("app", event, settings); };
  EXPECT_EQ(text({kind::held, {"a", "b", "c"}, 3, 4}),
            "pool app: 3 of 4 members left within 10s, more than 50 %: held back, they stay in the view for "
            "60s unless they come back: a, b, c. To let go now: limpet membership apply --pool app");
  EXPECT_EQ(text({kind::held_more, {"d"}, 4, 4}),
            "pool app: 1 member more held back for 60s, with 4 of 4 gone: d");
  EXPECT_EQ(text({kind::came_back, {"a"}}), "pool app: 1 member that was held back is there again: a");
  EXPECT_EQ(text({kind::let_go, {"b", "c"}}),
            "pool app: 2 members held back in vain, and leave the view now: b, c");
  EXPECT_EQ(text({kind::damped, {"x"}}),
            "pool app: 1 member comes and goes too often: left out of the view until steady for 30s: x");
  EXPECT_EQ(text({kind::applied, {}}), "pool app: applied by an operator: nothing was held back");
}

TEST(rails_text, names_are_few) {
  rails_event event{kind::let_in};
  for (int i = 0; i < 30; ++i)
    event.ids.push_back("m" + std::to_string(i));
  EXPECT_THAT(log_text("app", event, {}), HasSubstr("m6, m7 and 22 more"));
}

TEST(rails_text, what_may_leave_a_pool_dark_is_an_error) {
  EXPECT_EQ(loudness_of(kind::held), loudness::error);
  EXPECT_EQ(loudness_of(kind::let_go), loudness::error);
  EXPECT_EQ(loudness_of(kind::damped), loudness::warning);
  EXPECT_EQ(loudness_of(kind::came_back), loudness::info);
}

} // namespace
} // namespace limpet::membership
