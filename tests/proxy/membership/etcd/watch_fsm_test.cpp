#include "proxy/membership/etcd/watch_fsm.hpp"
#include "tests/proxy/membership/etcd/fake_store.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace limpet::etcd {
namespace {

using namespace std::chrono_literals;
using test::fake_store;

const error broken{errc::unreachable, "connection reset"};

watch_fsm::options timing() {
  watch_fsm::options options;
  options.relist = 45s;
  options.settle = 2s;
  options.retry_first = 100ms;
  options.retry_last = 5s;
  return options;
}

/// A machine, the store that it follows, and what its changes add up to.
struct watch_fsm_test : testing::Test {
  fake_store store;
  watch_fsm fsm{timing(), 1};
  test::replica replica;

  watch_fsm::step take(watch_fsm::step step) {
    replica.apply(step.changes);
    return step;
  }

  /// Lists and opens the watch; the revision it is opened from.
  std::int64_t follow() {
    fsm.start();
    const auto step = take(fsm.listed(store.list()));
    take(fsm.watched(
        {.header = store.message({}).header, .created = true, .cancel_reason = {}, .events = {}}));
    return step.open_watch.value_or(-1);
  }

  watch_fsm::step tell(std::int64_t from) {
    return take(fsm.watched(store.message(store.events_from(from))));
  }

  watch_response compacted_message() {
    watch_response response = store.message({});
    response.canceled = true;
    response.compact_revision = 3;
    return response;
  }
};

TEST_F(watch_fsm_test, lists_and_then_watches_from_the_next_revision) {
  store.put("a", "1");
  store.put("b", "2");
  auto step = fsm.start();
  EXPECT_TRUE(step.list);
  EXPECT_FALSE(step.open_watch);
  EXPECT_FALSE(fsm.status().listed);

  step = take(fsm.listed(store.list()));
  EXPECT_FALSE(step.list);
  EXPECT_EQ(step.open_watch, store.revision() + 1);
  ASSERT_TRUE(step.timer);
  EXPECT_GE(*step.timer, 40s);
  EXPECT_LE(*step.timer, 50s);
  EXPECT_EQ(replica.content, store.content());
  EXPECT_TRUE(fsm.status().listed);
  EXPECT_FALSE(fsm.status().stale);
  EXPECT_EQ(fsm.status().revision, store.revision());
}

TEST_F(watch_fsm_test, an_empty_store_is_known_too) {
  EXPECT_EQ(follow(), 2);
  EXPECT_TRUE(fsm.status().listed);
  EXPECT_TRUE(replica.content.empty());
}

TEST_F(watch_fsm_test, events_are_told_with_their_revisions) {
  store.put("a", "1");
  const auto from = follow();
  store.put("a", "2");
  store.remove("a");
  store.put("b", "3");
  const auto step = tell(from);
  const std::vector<change> expected{
      {"a", "2", from, from}, {"a", std::nullopt, from + 1}, {"b", "3", from + 2, from + 2}};
  EXPECT_EQ(step.changes, expected);
  EXPECT_EQ(replica.content, store.content());
  EXPECT_EQ(fsm.status().revision, store.revision());
}

TEST_F(watch_fsm_test, events_that_the_list_held_already_are_not_told_again) {
  const auto put = store.put("a", "1");
  follow();
  EXPECT_TRUE(tell(put).changes.empty());
}

TEST_F(watch_fsm_test, a_progress_notification_moves_the_revision_only) {
  follow();
  store.foreign_change();
  const auto step = tell(store.revision());
  EXPECT_TRUE(step.changes.empty());
  EXPECT_FALSE(step.close_watch || step.list || step.open_watch || step.timer);
  EXPECT_EQ(fsm.status().revision, store.revision());
}

TEST_F(watch_fsm_test, a_first_list_that_fails_is_tried_again_ever_more_slowly) {
  fsm.start();
  std::chrono::milliseconds longest{0};
  for (int i = 0; i < 12; ++i) {
    const auto step = fsm.list_failed(broken);
    ASSERT_TRUE(step.timer);
    EXPECT_FALSE(step.list);
    EXPECT_LE(*step.timer, 5s);
    longest = std::max(longest, *step.timer);
    EXPECT_TRUE(fsm.timer_expired().list);
  }
  EXPECT_GE(longest, 2500ms);
  EXPECT_FALSE(fsm.status().listed);
  EXPECT_TRUE(fsm.status().stale);
  EXPECT_EQ(fsm.status().errors, 12u);
  EXPECT_EQ(fsm.status().last_error, "connection reset");
  fsm.listed(store.list());
  EXPECT_FALSE(fsm.status().stale);
}

TEST_F(watch_fsm_test, a_broken_watch_leads_to_a_list_and_what_was_missed_is_found) {
  store.put("a", "1");
  store.put("gone", "1");
  store.put("same", "1");
  follow();
  auto step = take(fsm.watch_failed(broken));
  EXPECT_TRUE(step.close_watch);
  ASSERT_TRUE(step.timer);
  EXPECT_LE(*step.timer, 100ms);
  EXPECT_FALSE(fsm.status().stale) << "one broken watch is not an outage";

  store.put("a", "2");
  store.remove("gone");
  store.put("new", "1");
  EXPECT_TRUE(fsm.timer_expired().list);
  step = take(fsm.listed(store.list()));
  EXPECT_EQ(step.changes.size(), 3u) << "only what changed is told";
  EXPECT_EQ(step.open_watch, store.revision() + 1);
  EXPECT_EQ(replica.content, store.content());
  EXPECT_EQ(fsm.status().differences, 0u) << "nobody was watching";
}

TEST_F(watch_fsm_test, a_removal_found_by_a_list_has_the_lists_revision) {
  store.put("a", "1");
  follow();
  fsm.watch_failed(broken);
  store.remove("a");
  store.foreign_change();
  fsm.timer_expired();
  const auto step = fsm.listed(store.list());
  const std::vector<change> expected{{"a", std::nullopt, store.revision()}};
  EXPECT_EQ(step.changes, expected);
}

TEST_F(watch_fsm_test, a_compacted_watch_leads_to_a_list) {
  store.put("a", "1");
  follow();
  store.remove("a");
  auto step = fsm.watched(compacted_message());
  EXPECT_TRUE(step.close_watch);
  EXPECT_TRUE(step.timer);
  EXPECT_TRUE(fsm.timer_expired().list);
  take(fsm.listed(store.list()));
  EXPECT_EQ(replica.content, store.content());
}

TEST_F(watch_fsm_test, a_canceled_watch_tells_the_reason) {
  follow();
  watch_response response = store.message({});
  response.canceled = true;
  response.cancel_reason = "permission denied";
  EXPECT_TRUE(fsm.watched(response).close_watch);
  EXPECT_NE(fsm.status().last_error.find("permission denied"), std::string::npos);
}

TEST_F(watch_fsm_test, a_watch_that_is_refused_again_and_again_makes_no_loop) {
  fsm.start();
  std::chrono::milliseconds last{0};
  for (int i = 0; i < 12; ++i) {
    fsm.listed(store.list());
    watch_response response = store.message({});
    response.created = true;
    fsm.watched(response);
    const auto step = fsm.watch_failed(broken);
    ASSERT_TRUE(step.timer);
    EXPECT_FALSE(step.list);
    last = *step.timer;
    fsm.timer_expired();
  }
  EXPECT_GE(last, 2500ms);
}

TEST_F(watch_fsm_test, a_watch_that_told_something_begins_with_short_waits_again) {
  auto from = follow();
  for (int i = 0; i < 12; ++i) {
    store.put("a", std::to_string(i));
    tell(from);
    const auto step = fsm.watch_failed(broken);
    ASSERT_TRUE(step.timer);
    EXPECT_LE(*step.timer, 100ms);
    fsm.timer_expired();
    from = *take(fsm.listed(store.list())).open_watch;
  }
}

TEST_F(watch_fsm_test, after_a_close_late_messages_change_nothing) {
  store.put("a", "1");
  const auto from = follow();
  fsm.watch_failed(broken);
  store.put("a", "2");
  EXPECT_TRUE(tell(from).changes.empty());
  const auto step = fsm.watch_failed(broken);
  EXPECT_FALSE(step.timer || step.list || step.close_watch);
}

// -- listing again while the watch is open --------------------------------------------------------------

TEST_F(watch_fsm_test, a_relist_without_difference_changes_nothing) {
  store.put("a", "1");
  follow();
  auto step = fsm.timer_expired();
  EXPECT_TRUE(step.list);
  EXPECT_FALSE(step.close_watch || step.open_watch);
  step = fsm.listed(store.list());
  EXPECT_TRUE(step.changes.empty());
  EXPECT_FALSE(step.close_watch || step.open_watch || step.list);
  ASSERT_TRUE(step.timer);
  EXPECT_GE(*step.timer, 40s);
}

TEST_F(watch_fsm_test, a_lost_delete_is_repaired_counted_and_the_watch_is_opened_anew) {
  store.put("a", "1");
  store.put("b", "1");
  follow();
  store.remove("a");
  fsm.timer_expired();
  auto step = take(fsm.listed(store.list()));
  EXPECT_EQ(replica.content, store.content()) << "repaired at once";
  EXPECT_EQ(step.timer, std::chrono::milliseconds(2s));
  EXPECT_EQ(fsm.status().differences, 0u) << "the event may be on its way";

  step = fsm.timer_expired();
  EXPECT_EQ(fsm.status().differences, 1u);
  EXPECT_TRUE(step.close_watch);
  EXPECT_EQ(step.open_watch, store.revision() + 1);
  ASSERT_TRUE(step.timer);
  EXPECT_GE(*step.timer, 40s);
}

TEST_F(watch_fsm_test, an_event_that_was_only_late_is_no_difference) {
  store.put("a", "1");
  store.put("b", "1");
  const auto from = follow();
  store.remove("a");
  store.put("b", "2");
  store.put("c", "3");
  fsm.timer_expired();
  take(fsm.listed(store.list()));
  const auto late = tell(from);
  EXPECT_TRUE(late.changes.empty()) << "the list had told it";
  const auto step = fsm.timer_expired();
  EXPECT_EQ(fsm.status().differences, 0u);
  EXPECT_TRUE(step.list) << "the timer is for the next re-list again";
  EXPECT_FALSE(step.close_watch);
}

TEST_F(watch_fsm_test, an_older_event_of_the_key_does_not_confirm_a_lost_one) {
  store.put("a", "1");
  const auto from = follow();
  store.put("a", "2");
  const auto older = store.events_from(from);
  store.put("a", "3");
  fsm.timer_expired();
  take(fsm.listed(store.list()));
  take(fsm.watched(store.message(older)));
  fsm.timer_expired();
  EXPECT_EQ(fsm.status().differences, 1u);
  EXPECT_EQ(replica.content, store.content());
}

TEST_F(watch_fsm_test, what_the_watch_told_after_the_list_was_read_stays) {
  store.put("changed", "1");
  store.put("removed", "1");
  const auto from = follow();
  fsm.timer_expired();
  const auto list_read_before = store.list();
  store.put("changed", "2");
  store.remove("removed");
  store.put("new", "1");
  tell(from);
  const auto step = take(fsm.listed(list_read_before));
  EXPECT_TRUE(step.changes.empty());
  EXPECT_EQ(replica.content, store.content());

  fsm.timer_expired();
  take(fsm.listed(store.list()));
  EXPECT_EQ(replica.content, store.content());
  EXPECT_EQ(fsm.status().differences, 0u);
}

TEST_F(watch_fsm_test, the_same_where_the_watch_broke_before_the_list_came) {
  store.put("removed", "1");
  const auto from = follow();
  fsm.timer_expired();
  const auto list_read_before = store.list();
  store.remove("removed");
  store.put("new", "1");
  tell(from);
  auto step = fsm.watch_failed(broken);
  EXPECT_TRUE(step.close_watch);
  EXPECT_FALSE(step.timer || step.list) << "a list is under way";
  step = take(fsm.listed(list_read_before));
  EXPECT_EQ(replica.content, store.content());
  EXPECT_EQ(step.open_watch, list_read_before.header.revision + 1);
}

TEST_F(watch_fsm_test, a_relist_that_fails_keeps_the_watch_and_says_stale) {
  store.put("a", "1");
  const auto from = follow();
  fsm.timer_expired();
  auto step = fsm.list_failed(broken);
  EXPECT_FALSE(step.close_watch);
  ASSERT_TRUE(step.timer);
  EXPECT_LE(*step.timer, 100ms);
  EXPECT_TRUE(fsm.status().stale);
  store.put("a", "2");
  tell(from);
  EXPECT_EQ(replica.content, store.content());
  EXPECT_TRUE(fsm.timer_expired().list);
  take(fsm.listed(store.list()));
  EXPECT_FALSE(fsm.status().stale);
  EXPECT_EQ(fsm.status().differences, 0u);
}

TEST_F(watch_fsm_test, a_timer_during_a_relist_asks_for_no_second_one) {
  follow();
  EXPECT_TRUE(fsm.timer_expired().list);
  EXPECT_FALSE(fsm.timer_expired().list);
}

// -- listing because somebody asks -------------------------------------------------------------------

TEST_F(watch_fsm_test, a_refresh_lists_beside_the_watch) {
  store.put("a", "1");
  const auto from = follow();
  store.put("a", "2"); // the watch is slow to tell it
  auto step = fsm.refresh();
  EXPECT_TRUE(step.list);
  EXPECT_FALSE(step.close_watch || step.open_watch || step.timer);
  EXPECT_TRUE(fsm.is_listing());
  step = take(fsm.listed(store.list()));
  EXPECT_FALSE(fsm.is_listing());
  EXPECT_EQ(replica.content, store.content());
  EXPECT_EQ(fsm.status().known_until, store.revision());
  EXPECT_TRUE(tell(from).changes.empty());
  EXPECT_TRUE(fsm.timer_expired().list) << "it had only been slow";
}

TEST_F(watch_fsm_test, a_refresh_joins_the_list_that_is_under_way) {
  EXPECT_FALSE(fsm.refresh().list) << "not started";
  EXPECT_FALSE(fsm.is_listing());
  fsm.start();
  EXPECT_TRUE(fsm.is_listing());
  EXPECT_FALSE(fsm.refresh().list);
  fsm.listed(store.list());
  EXPECT_TRUE(fsm.timer_expired().list);
  EXPECT_FALSE(fsm.refresh().list);
  fsm.listed(store.list());
  EXPECT_TRUE(fsm.refresh().list);
  EXPECT_FALSE(fsm.timer_expired().list) << "and the re-list joins it";
}

TEST_F(watch_fsm_test, a_refresh_does_not_wait_for_the_next_attempt) {
  store.put("a", "1");
  follow();
  fsm.watch_failed(broken);
  store.put("a", "2");
  EXPECT_TRUE(fsm.refresh().list);
  EXPECT_FALSE(fsm.timer_expired().list) << "the attempt is under way";
  const auto step = take(fsm.listed(store.list()));
  EXPECT_EQ(step.open_watch, store.revision() + 1);
  EXPECT_EQ(replica.content, store.content());
}

TEST_F(watch_fsm_test, a_refresh_that_fails_leaves_the_watch_and_says_stale) {
  const auto from = follow();
  fsm.refresh();
  const auto step = fsm.list_failed(broken);
  EXPECT_FALSE(step.close_watch);
  EXPECT_TRUE(step.timer);
  EXPECT_FALSE(fsm.is_listing());
  EXPECT_TRUE(fsm.status().stale);
  store.put("a", "1");
  tell(from);
  EXPECT_EQ(replica.content, store.content());
}

TEST_F(watch_fsm_test, refreshes_do_not_hide_that_the_watch_lost_something) {
  store.put("a", "1");
  store.put("b", "1");
  follow();
  store.remove("a");
  fsm.refresh();
  EXPECT_EQ(take(fsm.listed(store.list())).timer, std::chrono::milliseconds(2s));
  for (int i = 0; i < 3; ++i) {
    store.foreign_change();
    fsm.refresh();
    EXPECT_FALSE(take(fsm.listed(store.list())).timer) << "its time runs on";
  }
  const auto step = fsm.timer_expired();
  EXPECT_EQ(fsm.status().differences, 1u);
  EXPECT_TRUE(step.close_watch);
  EXPECT_EQ(step.open_watch, store.revision() + 1);
}

TEST_F(watch_fsm_test, two_refreshes_in_a_row_expect_the_newest_value) {
  store.put("a", "1");
  const auto from = follow();
  for (const char* value : {"2", "3"}) {
    store.put("a", value);
    fsm.refresh();
    take(fsm.listed(store.list()));
  }
  tell(from);
  fsm.timer_expired();
  EXPECT_EQ(fsm.status().differences, 0u);
}

TEST_F(watch_fsm_test, the_watch_may_be_opened_anew_while_a_refresh_is_under_way) {
  store.put("a", "1");
  store.put("b", "1");
  follow();
  store.remove("a");
  fsm.refresh();
  take(fsm.listed(store.list()));
  fsm.refresh();
  const auto list_read_before = store.list();
  const auto from = fsm.timer_expired().open_watch;
  ASSERT_TRUE(from);
  store.remove("b");
  tell(*from);
  take(fsm.listed(list_read_before));
  EXPECT_EQ(replica.content, store.content());
}

// -- up to where it is known ----------------------------------------------------------------------------

TEST_F(watch_fsm_test, what_is_known_is_what_a_list_or_the_watch_has_told) {
  store.put("a", "1");
  fsm.start();
  EXPECT_EQ(fsm.status().known_until, 0);
  take(fsm.listed(store.list()));
  const auto listed = store.revision();
  EXPECT_EQ(fsm.status().known_until, listed);

  // The watch is opened later: what happened in between is still to come.
  store.put("a", "2");
  store.put("b", "1");
  auto created = store.message({});
  created.created = true;
  take(fsm.watched(created));
  EXPECT_EQ(fsm.status().revision, listed + 2);
  EXPECT_EQ(fsm.status().known_until, listed);

  // It catches up, a part at a time.
  auto part = store.message({store.events_from(listed + 1).front()});
  take(fsm.watched(part));
  EXPECT_EQ(fsm.status().known_until, listed + 1);
  tell(listed + 2);
  EXPECT_EQ(fsm.status().known_until, listed + 2);

  store.foreign_change();
  take(fsm.watched(store.message({})));
  EXPECT_EQ(fsm.status().known_until, listed + 3) << "a progress notification";
}

TEST_F(watch_fsm_test, what_is_known_never_goes_back_but_with_the_store) {
  store.put("a", "1");
  const auto backup = store.revision();
  const auto from = follow();
  fsm.refresh();
  const auto list_read_before = store.list();
  store.put("a", "2");
  tell(from);
  take(fsm.listed(list_read_before));
  EXPECT_EQ(fsm.status().known_until, from);
  fsm.watch_failed(broken);
  EXPECT_EQ(fsm.status().known_until, from);
  store.restore(backup);
  fsm.timer_expired();
  take(fsm.listed(store.list()));
  EXPECT_EQ(fsm.status().known_until, backup);
}

// -- another history --------------------------------------------------------------------------------

TEST_F(watch_fsm_test, a_restore_from_a_backup_is_noticed_and_everything_is_told_anew) {
  store.put("kept", "old");
  const auto backup = store.revision();
  store.put("lost", "1");
  store.put("kept", "new");
  follow();
  fsm.watch_failed(broken);
  store.restore(backup);
  fsm.timer_expired();
  const auto step = take(fsm.listed(store.list()));
  EXPECT_EQ(fsm.status().restores, 1u);
  EXPECT_EQ(step.changes.size(), 2u);
  EXPECT_EQ(replica.content, store.content());
  EXPECT_EQ(fsm.status().revision, backup);
  EXPECT_EQ(step.open_watch, backup + 1);
}

TEST_F(watch_fsm_test, a_restore_under_an_open_watch_is_noticed_by_the_relist) {
  store.put("kept", "1");
  const auto backup = store.revision();
  store.put("lost", "1");
  follow();
  store.restore(backup);
  fsm.timer_expired();
  const auto step = take(fsm.listed(store.list()));
  EXPECT_EQ(fsm.status().restores, 1u);
  EXPECT_TRUE(step.close_watch);
  EXPECT_EQ(step.open_watch, backup + 1);
  EXPECT_EQ(replica.content, store.content());
}

TEST_F(watch_fsm_test, another_cluster_with_equal_revisions_is_another_history) {
  store.put("a", "of the first");
  follow();
  fake_store other;
  other.cluster_id = 2;
  other.put("a", "of the second");
  ASSERT_EQ(other.revision(), store.revision());
  fsm.watch_failed(broken);
  fsm.timer_expired();
  take(fsm.listed(other.list()));
  EXPECT_EQ(fsm.status().restores, 1u);
  EXPECT_EQ(replica.content, other.content());
}

TEST_F(watch_fsm_test, a_watch_answered_by_another_cluster_is_given_up) {
  const auto from = follow();
  fake_store other;
  other.cluster_id = 2;
  other.put("a", "1");
  other.put("b", "1");
  const auto step = take(fsm.watched(other.message(other.events_from(from))));
  EXPECT_TRUE(step.close_watch);
  EXPECT_TRUE(replica.content.empty());
}

// -- limits -------------------------------------------------------------------------------------------

TEST(watch_fsm_limits, the_last_revision_has_no_next_one) {
  watch_fsm fsm(timing(), 1);
  fsm.start();
  const auto last = std::numeric_limits<std::int64_t>::max();
  const auto step = fsm.listed({.header = {.revision = last}, .kvs = {}});
  EXPECT_EQ(step.open_watch, last);
}

TEST(watch_fsm_limits, no_more_keys_than_the_limit_are_known) {
  auto options = timing();
  options.keys_max = 2;
  watch_fsm fsm(options, 1);
  fake_store store;
  test::replica replica;
  for (const char* key : {"a", "b", "c"}) {
    store.put(key, "1");
  }
  fsm.start();
  replica.apply(fsm.listed(store.list()).changes);
  EXPECT_EQ(replica.content.size(), 2u);
  EXPECT_EQ(fsm.status().overflows, 1u);

  const auto from = store.put("a", "2");
  store.put("d", "1");
  replica.apply(fsm.watched(store.message(store.events_from(from))).changes);
  EXPECT_EQ(replica.content, (std::map<std::string, std::string>{{"a", "2"}, {"b", "1"}}));

  const auto later = store.remove("b");
  store.put("d", "2");
  replica.apply(fsm.watched(store.message(store.events_from(later))).changes);
  EXPECT_EQ(replica.content, (std::map<std::string, std::string>{{"a", "2"}, {"d", "2"}}))
      << "there is room again";
}

} // namespace
} // namespace limpet::etcd
