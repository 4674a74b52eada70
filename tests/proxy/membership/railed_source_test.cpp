#include "proxy/membership/railed_source.hpp"
#include "tests/proxy/membership/etcd_test_io.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

namespace limpet::membership {
namespace {

using namespace std::chrono_literals;

/// Says what the test tells it to.
class told_source : public source {
public:
  void start(publish_function publish) override { publish_ = std::move(publish); }
  void stop() override { publish_ = nullptr; }
  source_status status() const override { return {.kind = "told", .last_error = {}}; }
  void tell(const std::string& ids, bool stale = false) {
    member_list list{{}, ++epoch_, stale};
    for (const char id : ids)
      list.members.push_back(
          {.id = std::string(1, id), .incarnation = "1", .address = std::string(1, id) + ":1", .zone = ""});
    if (publish_) publish_(std::move(list));
  }

private:
  publish_function publish_;
  std::uint64_t epoch_ = 0;
};

/// What the log says while it lives.
class log_listener {
public:
  log_listener() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_, true));
    logger->set_pattern("%l %v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~log_listener() { spdlog::set_default_logger(before_); }
  log_listener(const log_listener&) = delete;
  log_listener& operator=(const log_listener&) = delete;
  std::string text() const { return text_.str(); }

private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

struct railed_source_test : testing::Test {
  test::test_io io;
  test::temporary_folder folder;
  log_listener log;
  told_source* inner = nullptr;
  std::optional<railed_source> source;
  std::optional<member_list> latest;
  int publications = 0;

  void start(config::rail_settings rails = {}, const std::string& snapshot_folder = "") {
    auto made = std::make_unique<told_source>();
    inner = made.get();
    source.emplace(io.context.get_executor(), std::move(made),
                   railed_source::options{"app", rails, snapshot_folder});
    source->start([this](member_list list) {
      ++publications;
      latest = std::move(list);
    });
  }
  std::string ids() const {
    std::string all;
    for (const auto& one : latest ? latest->members : std::vector<routing::member>())
      all += one.id;
    return all;
  }
  void wait_for(const std::string& wanted) {
    io.run_until([&] { return ids() == wanted; }, "members '" + wanted + "', not '" + ids() + "'");
  }
};

TEST_F(railed_source_test, what_is_held_goes_when_its_time_is_over_and_the_log_tells) {
  config::rail_settings rails;
  rails.hold = 50ms;
  start(rails);
  inner->tell("abc");
  EXPECT_EQ(ids(), "abc");
  inner->tell("");
  EXPECT_EQ(ids(), "abc");
  EXPECT_EQ(source->rails_now().held.size(), 3u);
  EXPECT_EQ(log.text(),
            "error pool app: 3 of 3 members left within 10s, more than 50 %: held back, they stay in "
            "the view for 50ms unless they come back: a, b, c. To let go now: limpet membership "
            "apply --pool app\n");
  wait_for("");
  EXPECT_NE(log.text().find("error pool app: 3 members held back in vain"), std::string::npos);
}

TEST_F(railed_source_test, one_that_leaves_goes_after_settle) {
  config::rail_settings rails;
  rails.settle = 20ms;
  start(rails);
  inner->tell("abc");
  inner->tell("ab");
  EXPECT_EQ(ids(), "abc");
  wait_for("ab");
  EXPECT_EQ(log.text(), "");
}

TEST_F(railed_source_test, an_operator_is_obeyed) {
  start();
  inner->tell("abcd");
  inner->tell("d");
  EXPECT_EQ(source->apply(), 3u);
  EXPECT_EQ(ids(), "d");
  source->suspend();
  inner->tell("de");
  EXPECT_EQ(ids(), "d");
  EXPECT_EQ(source->rails_now().pending.joined, std::vector<std::string>{"e"});
  source->resume();
  EXPECT_EQ(ids(), "de");
}

TEST_F(railed_source_test, settings_change_while_it_runs) {
  start();
  inner->tell("ab");
  inner->tell("");
  auto off = config::rail_settings{};
  off.max_removal_percent = 100;
  source->configure(off);
  EXPECT_EQ(ids(), "");
}

TEST_F(railed_source_test, the_snapshot_on_disk_is_the_view) {
  start({}, folder.path());
  const snapshot_file file(folder.path(), "app");
  inner->tell("abcd");
  io.run_until([&] { return file.read().has_value(); }, "the snapshot");
  inner->tell("");
  inner->tell("e");
  io.run_until([&] { return file.read() && file.read()->epoch == 3; }, "the next snapshot");
  EXPECT_EQ(file.read()->members, latest->members) << "those that are held too";
  EXPECT_EQ(file.read()->members.size(), 5u);
}

TEST_F(railed_source_test, the_snapshot_is_written_at_the_end) {
  start({}, folder.path());
  inner->tell("ab");
  source->stop();
  const auto read = snapshot_file(folder.path(), "app").read();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->members.size(), 2u);
}

TEST_F(railed_source_test, what_came_from_the_disk_is_not_written_again) {
  start({}, folder.path());
  inner->tell("ab", true);
  source->stop();
  EXPECT_FALSE(snapshot_file(folder.path(), "app").read().has_value());
}

TEST_F(railed_source_test, a_snapshot_that_cannot_be_written_is_no_harm_and_told_once) {
  start({}, "/nonexistent/folder");
  inner->tell("a");
  io.run_until([&] { return !log.text().empty(); }, "a line in the log");
  inner->tell("ab");
  source->stop();
  EXPECT_EQ(ids(), "ab");
  const auto text = log.text();
  EXPECT_EQ(text.find("error pool app: no snapshot"), 0u) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 1);
}

TEST_F(railed_source_test, nothing_is_published_after_a_stop) {
  config::rail_settings rails;
  rails.settle = 1ms;
  start(rails);
  inner->tell("ab");
  inner->tell("a");
  source->stop();
  source->stop();
  const auto before = publications;
  source->apply();
  io.context.restart();
  io.context.run_for(20ms);
  EXPECT_EQ(publications, before);
}

TEST_F(railed_source_test, may_go_while_its_timer_is_due) {
  config::rail_settings rails;
  rails.settle = 1ms;
  start(rails);
  inner->tell("ab");
  inner->tell("a");
  source.reset();
  io.context.restart();
  io.context.run_for(20ms);
}

} // namespace
} // namespace limpet::membership
