#include "proxy/http/live_stream.hpp"
#include "proxy/http/message.hpp"
#include "proxy/http/metrics.hpp"
#include "proxy/http/refusal.hpp"
#include "proxy/net/listen_socket.hpp"
#include "proxy/ops/metrics.hpp"
#include "proxy/ops/metrics_table.hpp"
#include "tests/proxy/ops/example.hpp"
#include "tests/proxy/ops/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <prometheus/metric_family.h>

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <set>

namespace limpet::ops {
namespace {

using http::metric;
using testing::HasSubstr;
using testing::Not;

class metrics_test : public testing::Test {
protected:
  void count(metric m, std::uint32_t a = 0, std::uint32_t b = 0, std::uint64_t n = 1) {
    counters_.add(static_cast<std::uint16_t>(m), a, b, n);
  }
  template <class A, class B>
  void count(metric m, A a, B b, std::uint64_t n) {
    count(m, static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b), n);
  }

  metrics scrape() const {
    std::vector<pool_facts> pools;
    for (const auto& p : example_.snapshot->pools)
      pools.push_back({p, source_, {}, p->settings.name == "app" ? std::nullopt : std::optional(rails_)});
    pools.front().checks = checks_;
    pools.front().handoff = handoff_;
    return metrics({counters_, example_.labels, facts_, std::move(pools), example_.snapshot, usage_,
                    std::chrono::steady_clock::now()});
  }
  std::string text() const { return exposition_text(scrape()); }

  example example_;
  net::counter_shard counters_;
  process_facts facts_;
  membership::source_status source_;
  /// Of the first pool, chat.
  std::vector<member_checks> checks_{
      {check_verdict::healthy, "", 5, 1}, {check_verdict::unhealthy, "status 503", 2, 9}, {}};
  membership::rails_status rails_;                    ///< of all pools but app
  std::optional<membership::handoff_status> handoff_; ///< of the first pool
  process_usage usage_;
};

/// What promtool says of an exposition; empty where it finds nothing.
std::string promtool_says(const std::string& exposition) {
  const temporary_folder folder;
  std::ofstream(folder.file("metrics")) << exposition;
  const auto command =
      "promtool check metrics < " + folder.file("metrics") + " > " + folder.file("out") + " 2>&1";
  const int status = std::system(command.c_str());
  const auto said = contents_of(folder.file("out"));
  return status == 0 ? said : said + "exit status " + std::to_string(status);
}

TEST_F(metrics_test, promtool_finds_nothing) {
  count(metric::requests, 1, 3200, 2);
  counters_.request_seconds[1].observe(.2, net::counter_shard::request_bounds);
  example_.labels.routes[1].name = "a \"quoted\\\" name\nof two lines, and \xff";
  EXPECT_EQ(promtool_says(text()), "");
  EXPECT_NE(promtool_says("# no newline at its end"), "") << "promtool looks at what it is given";
}

TEST_F(metrics_test, every_row_of_the_table_is_fed) {
  count(metric::requests, 1, 3200, 1);
  count(metric::envelopes, 1);
  count(metric::sessions_spilled, 1);
  count(metric::parked, 1);
  count(metric::parked_now, 1);
  handoff_.emplace();
  std::set<std::string> told;
  for (const auto& family : scrape().Collect()) {
    EXPECT_TRUE(told.insert(family.name).second) << family.name << " stands there twice";
    EXPECT_FALSE(family.help.empty()) << family.name;
  }
  for (const auto& row : metrics_table())
    EXPECT_TRUE(told.contains(std::string(row.name))) << row.name;
}

TEST_F(metrics_test, every_sample_has_the_labels_of_its_row) {
  count(metric::requests, 1, 3200, 1);
  const auto families = scrape().Collect();
  for (const auto& row : metrics_table())
    for (const auto& family : families) {
      if (family.name != row.name) continue;
      for (const auto& sample : family.metric) {
        std::size_t i = 0;
        for (const auto& label : sample.label)
          EXPECT_EQ(label.name, row.labels[i++]);
        EXPECT_TRUE(i == row.labels.size() || row.labels[i].empty()) << row.name << " lacks a label";
      }
    }
}

TEST_F(metrics_test, a_hand_off_is_told_of_pools_that_have_one) {
  EXPECT_THAT(text(), Not(HasSubstr("limpet_handoff_stage{")));
  handoff_.emplace();
  EXPECT_THAT(text(), HasSubstr("limpet_handoff_stage{pool=\"chat\"} 3\n"));
  EXPECT_THAT(text(), HasSubstr("limpet_fenced{pool=\"chat\"} 1\n"));
  handoff_->registered = handoff_->is_prepare = true;
  handoff_->fence_left = std::chrono::milliseconds(2500);
  handoff_->prepared_for = std::chrono::milliseconds(250);
  const auto waits = text();
  EXPECT_THAT(waits, HasSubstr("limpet_handoff_stage{pool=\"chat\"} 2\n"));
  EXPECT_THAT(waits, HasSubstr("limpet_handoff_seconds{pool=\"chat\"} 0.25\n"));
  EXPECT_THAT(waits, HasSubstr("limpet_fence_seconds_left{pool=\"chat\"} 2.5\n"));
  EXPECT_THAT(waits, HasSubstr("limpet_fenced{pool=\"chat\"} 0\n"));
  handoff_->workers_waited_for = 1;
  EXPECT_THAT(text(), HasSubstr("limpet_handoff_stage{pool=\"chat\"} 1\n"));
  handoff_->halted = "why";
  EXPECT_THAT(text(), HasSubstr("limpet_handoff_stage{pool=\"chat\"} 4\n"));
}

TEST_F(metrics_test, what_rails_hold_back_is_told) {
  const auto now = std::chrono::steady_clock::now();
  rails_.held = {{"x", now, now, 2, 2}, {"y", now, now, 2, 2}};
  rails_.leaving = {{"z", now, now}};
  rails_.damped = {{"d", 4, false, std::nullopt}};
  rails_.suspended = now;
  rails_.guard_trips = 5;
  rails_.flaps = 6;
  source_.restores = 7;
  const auto t = text();
  for (const auto* line : {
           "limpet_membership_held_removals{pool=\"chat\"} 2\n",
           "limpet_membership_damped{pool=\"chat\"} 1\n",
           "limpet_membership_suspended{pool=\"chat\"} 1\n",
           "limpet_membership_guard_trips_total{pool=\"chat\"} 5\n",
           "limpet_membership_flaps_total{pool=\"chat\"} 6\n",
           "limpet_membership_restores_total{pool=\"chat\"} 7\n",
           "limpet_membership_held_removals{pool=\"app\"} 0\n",
           "limpet_membership_suspended{pool=\"app\"} 0\n",
       })
    EXPECT_THAT(t, HasSubstr(line));
}

TEST_F(metrics_test, requests_have_route_pool_method_and_code) {
  count(metric::requests, 1, static_cast<std::uint32_t>(http::method::get) * 1000 + 200, 3);
  count(metric::requests, 2, static_cast<std::uint32_t>(http::method::other) * 1000 + 503, 1);
  count(metric::requests, 0, static_cast<std::uint32_t>(http::method::post) * 1000 + 404, 2);
  count(metric::requests, 0, 65'999, 1);
  const auto t = text();
  EXPECT_THAT(
      t, HasSubstr("limpet_requests_total{route=\"chat\",pool=\"chat\",method=\"GET\",code=\"200\"} 3\n"));
  EXPECT_THAT(
      t, HasSubstr("limpet_requests_total{route=\"/shop\",pool=\"shop\",method=\"other\",code=\"503\"} 1\n"));
  EXPECT_THAT(t, HasSubstr("limpet_requests_total{route=\"\",pool=\"\",method=\"POST\",code=\"404\"} 2\n"));
  EXPECT_THAT(t, HasSubstr("method=\"other\",code=\"999\"} 1\n"));
}

TEST_F(metrics_test, counters_that_are_zero_show_where_their_labels_are_known) {
  const auto t = text();
  for (const auto* line : {
           "limpet_connections_total 0\n",
           "limpet_connections_refused_total{reason=\"per_address\"} 0\n",
           "limpet_accept_errors_total{reason=\"out_of_descriptors\"} 0\n",
           "limpet_client_bytes_total{direction=\"sent\"} 0\n",
           "limpet_client_aborts_total 0\n",
           "limpet_client_timeouts_total{reason=\"no_request\"} 0\n",
           "limpet_client_timeouts_total{reason=\"idle\"} 0\n",
           "limpet_client_timeouts_total{reason=\"unread\"} 0\n",
           "limpet_refusals_total{reason=\"header_timeout\"} 0\n",
           "limpet_refusals_total{reason=\"internal_error\"} 0\n",
           "limpet_answers_cut_total{route=\"/\"} 0\n",
           "limpet_tunnels_opened_total{route=\"chat\"} 0\n",
           "limpet_tunnels{pool=\"app\"} 0\n",
           "limpet_request_duration_seconds_count{route=\"/shop\"} 0\n",
           "limpet_tunnel_duration_seconds_count{route=\"/shop\"} 0\n",
           "limpet_sticky_total{pool=\"chat\",outcome=\"new\"} 0\n",
           "limpet_sessions_moved_total{pool=\"chat\",reason=\"failed_over\"} 0\n",
           "limpet_tokens_rejected_total{pool=\"shop\",reason=\"forged\"} 0\n",
           "limpet_epoch_ahead_total{pool=\"shop\",outcome=\"timeout\"} 0\n",
           "limpet_epoch_waits 0\n",
           "limpet_retries_total{pool=\"app\",reason=\"stale\"} 0\n",
           "limpet_member_requests_total{pool=\"chat\",member=\"c\"} 0\n",
           "limpet_live_streams{pool=\"chat\",member=\"c\",kind=\"event_stream\"} 0\n",
           "limpet_streams_waiting{pool=\"chat\"} 0\n",
           "limpet_streams_let_go_total{pool=\"app\",reason=\"draining\"} 0\n",
           "limpet_streams_cut_total{pool=\"app\",reason=\"removed\"} 0\n",
           "limpet_member_failures_total{pool=\"app\",member=\"x\",reason=\"connect_timeout\"} 0\n",
           "limpet_ejections_total{pool=\"app\",member=\"x\",reason=\"server_error\"} 0\n",
           "limpet_ejections_withheld_total{pool=\"app\"} 0\n",
       })
    EXPECT_THAT(t, HasSubstr(line));
  EXPECT_THAT(t, Not(HasSubstr("limpet_tokens_rejected_total{pool=\"chat\""))) << "it issues no tokens";
  EXPECT_THAT(t, Not(HasSubstr("limpet_epoch_ahead_total{pool=\"chat\"")));
  EXPECT_THAT(t, Not(HasSubstr("reason=\"none\"")));
  EXPECT_THAT(t, Not(HasSubstr("member=\"\""))) << "each belongs to somebody";
}

TEST_F(metrics_test, envelopes_and_spilled_sessions_are_told_of_pools_that_have_them) {
  EXPECT_THAT(text(), Not(HasSubstr("limpet_envelopes_total{")));
  EXPECT_THAT(text(), Not(HasSubstr("limpet_sessions_spilled_total{")));
  auto& chat = example_.pool("chat");
  chat.envelopes.emplace_back("chat", routing::envelope_field::kind::header, "A",
                              routing::forged_envelope::refuse);
  example_.pool("shop").placement.bounded_load_thousandths = 1'250;
  count(metric::envelopes, 1, http::envelope_outcome::unfit, 2);
  count(metric::sessions_spilled, 2, 0, 3);
  const auto t = text();
  for (const auto* line : {
           "limpet_envelopes_total{pool=\"chat\",outcome=\"sealed\"} 0\n",
           "limpet_envelopes_total{pool=\"chat\",outcome=\"too_long\"} 0\n",
           "limpet_envelopes_total{pool=\"chat\",outcome=\"unfit\"} 2\n",
           "limpet_tokens_rejected_total{pool=\"chat\",reason=\"forged\"} 0\n",
           "limpet_sessions_spilled_total{pool=\"shop\"} 3\n",
           "limpet_sessions_moved_total{pool=\"shop\",reason=\"spilled\"} 0\n",
       })
    EXPECT_THAT(t, HasSubstr(line));
  EXPECT_THAT(t, Not(HasSubstr("limpet_sessions_spilled_total{pool=\"chat\"")));
}

TEST_F(metrics_test, what_workers_count_stands_under_its_name) {
  count(metric::sticky, 1, routing::sticky_outcome::moved, 2);
  count(metric::sessions_moved, 1, routing::placement_reason::owner, 3);
  count(metric::tokens_rejected, 2, routing::token_state::expired, 4);
  count(metric::retries, 3, 1, 5);
  count(metric::refusals, http::refusal::no_route, 0, 6);
  count(metric::member_failures, example_.label_of("chat", "b"), http::refusal::answer_timeout, 7);
  count(metric::accept_errors, 1, 0, 8);
  count(metric::connections_refused, 0, 0, 9);
  count(metric::upstream_connections, 1, 0, 10);
  count(metric::client_bytes, 0, 0, 11);
  count(metric::client_aborts, 0, 0, 6);
  count(metric::client_aborts, 1, 0, 6);
  count(metric::client_timeouts, http::client_timeout::unread, 0, 13);
  count(metric::ejections, example_.label_of("chat", "b"), net::misconduct::answer_timeout, 14);
  count(metric::ejections_withheld, 3, 0, 15);
  count(metric::live_streams, example_.label_of("chat", "a"), http::stream_kind::tunnel, 14);
  count(metric::live_streams_by_number, example_.number_of("chat", "a"), http::stream_kind::tunnel, 14);
  count(metric::streams_waiting, 1, 0, 15);
  count(metric::streams_let_go, 1, http::parting::moved, 16);
  count(metric::streams_cut, 2, http::parting::removed, 17);
  const auto t = text();
  for (const auto* line : {
           "limpet_sticky_total{pool=\"chat\",outcome=\"moved\"} 2\n",
           "limpet_sessions_moved_total{pool=\"chat\",reason=\"owner\"} 3\n",
           "limpet_tokens_rejected_total{pool=\"shop\",reason=\"expired\"} 4\n",
           "limpet_retries_total{pool=\"app\",reason=\"next\"} 5\n",
           "limpet_refusals_total{reason=\"no_route\"} 6\n",
           "limpet_member_failures_total{pool=\"chat\",member=\"b\",reason=\"answer_timeout\"} 7\n",
           "limpet_accept_errors_total{reason=\"failed\"} 8\n",
           "limpet_connections_refused_total{reason=\"total\"} 9\n",
           "limpet_upstream_connections{state=\"idle\"} 10\n",
           "limpet_client_bytes_total{direction=\"received\"} 11\n",
           "limpet_client_aborts_total 12\n",
           "limpet_client_timeouts_total{reason=\"unread\"} 13\n",
           "limpet_ejections_total{pool=\"chat\",member=\"b\",reason=\"answer_timeout\"} 14\n",
           "limpet_ejections_withheld_total{pool=\"app\"} 15\n",
           "limpet_live_streams{pool=\"chat\",member=\"a\",kind=\"tunnel\"} 14\n",
           "limpet_streams_waiting{pool=\"chat\"} 15\n",
           "limpet_streams_let_go_total{pool=\"chat\",reason=\"moved\"} 16\n",
           "limpet_streams_cut_total{pool=\"shop\",reason=\"removed\"} 17\n",
       })
    EXPECT_THAT(t, HasSubstr(line));
}

TEST_F(metrics_test, a_member_that_came_again_is_one_series) {
  const auto before = example_.label_of("chat", "a");
  const auto again = static_cast<std::uint32_t>(example_.labels.members.size());
  example_.labels.members.push_back({"chat", "a"});
  count(metric::member_requests, before, 0, 30);
  count(metric::member_requests, again, 0, 12);
  EXPECT_THAT(text(), HasSubstr("limpet_member_requests_total{pool=\"chat\",member=\"a\"} 42\n"));
}

TEST_F(metrics_test, numbers_without_a_name_are_no_fault) {
  for (std::uint16_t m = 0; m < 200; ++m)
    counters_.add(m, 0xff'ffff, 0xff'ffff, 1);
  counters_.request_seconds[0xff'ffff].observe(1, net::counter_shard::request_bounds);
  EXPECT_EQ(promtool_says(text()), "");
}

TEST_F(metrics_test, durations_are_cumulative_and_routes_of_one_name_are_summed) {
  auto& first = counters_.request_seconds[1];
  first.observe(.0004, net::counter_shard::request_bounds);
  first.observe(.03, net::counter_shard::request_bounds);
  first.observe(60, net::counter_shard::request_bounds);
  example_.labels.routes.push_back({"chat", "chat"});
  counters_.request_seconds[4].observe(.03, net::counter_shard::request_bounds);
  const auto t = text();
  const std::string name = "limpet_request_duration_seconds_bucket{route=\"chat\",le=";
  EXPECT_THAT(t, HasSubstr(name + "\"0.0005\"} 1\n"));
  EXPECT_THAT(t, HasSubstr(name + "\"0.025\"} 1\n"));
  EXPECT_THAT(t, HasSubstr(name + "\"0.05\"} 3\n"));
  EXPECT_THAT(t, HasSubstr(name + "\"10\"} 3\n"));
  EXPECT_THAT(t, HasSubstr(name + "\"+Inf\"} 4\n"));
  EXPECT_THAT(t, HasSubstr("limpet_request_duration_seconds_count{route=\"chat\"} 4\n"));
  EXPECT_THAT(t, HasSubstr("limpet_request_duration_seconds_sum{route=\"chat\"} 60.0604\n"));
  EXPECT_EQ(promtool_says(t), "");
}

TEST_F(metrics_test, a_pool_tells_of_its_view_and_its_members) {
  example_.take_down("chat", "b");
  example_.member("chat", "a").connections = 5;
  const auto t = text();
  const auto checksum = std::to_string(example_.pool("chat").view.checksum());
  EXPECT_THAT(t, HasSubstr("limpet_epoch{pool=\"chat\"} 42\n"));
  EXPECT_THAT(t, HasSubstr("limpet_view_members{pool=\"chat\",state=\"ready\"} 2\n"));
  EXPECT_THAT(t, HasSubstr("limpet_view_members{pool=\"chat\",state=\"draining\"} 1\n"));
  EXPECT_THAT(t, HasSubstr("limpet_view_checksum{pool=\"chat\"} " + checksum + "\n")) << "to its last digit";
  EXPECT_THAT(t, HasSubstr("limpet_member_up{pool=\"chat\",member=\"a\"} 1\n"));
  EXPECT_THAT(t, HasSubstr("limpet_member_up{pool=\"chat\",member=\"b\"} 0\n"));
  EXPECT_THAT(t, HasSubstr("limpet_member_connections{pool=\"chat\",member=\"a\"} 5\n"));
}

TEST_F(metrics_test, members_tell_what_speaks_against_them) {
  example_.member("chat", "a").answers.eject({.failures = 1}, std::chrono::steady_clock::now());
  example_.member("chat", "b").set_unhealthy(true);
  facts_.health_checks_under_way = 3;
  facts_.health_checks_waiting = 4;
  const auto t = text();
  for (const auto* line : {
           "limpet_member_up{pool=\"chat\",member=\"a\"} 0\n",
           "limpet_member_ejected{pool=\"chat\",member=\"a\"} 1\n",
           "limpet_member_health{pool=\"chat\",member=\"a\"} 1\n",
           "limpet_health_checks_total{pool=\"chat\",member=\"a\",result=\"passed\"} 5\n",
           "limpet_health_checks_total{pool=\"chat\",member=\"a\",result=\"failed\"} 1\n",
           "limpet_member_up{pool=\"chat\",member=\"b\"} 0\n",
           "limpet_member_ejected{pool=\"chat\",member=\"b\"} 0\n",
           "limpet_member_health{pool=\"chat\",member=\"b\"} 0\n",
           "limpet_member_health{pool=\"chat\",member=\"c\"} 1\n",
           "limpet_member_up{pool=\"chat\",member=\"c\"} 1\n",
           "limpet_health_checks_under_way 3\n",
           "limpet_health_checks_waiting 4\n",
       })
    EXPECT_THAT(t, HasSubstr(line));
  EXPECT_THAT(t, Not(HasSubstr("limpet_member_health{pool=\"shop\""))) << "it has no checks";
}

TEST_F(metrics_test, a_source_tells_how_it_is) {
  source_ = {"etcd", true, false, 1234, 2, 3, 4, "no answer"};
  const auto t = text();
  for (const auto* line :
       {"limpet_membership_stale{pool=\"app\"} 1\n", "limpet_membership_ready{pool=\"app\"} 0\n",
        "limpet_membership_revision{pool=\"app\"} 1234\n",
        "limpet_membership_invalid_values_total{pool=\"app\"} 2\n",
        "limpet_membership_relist_differences_total{pool=\"app\"} 3\n",
        "limpet_membership_errors_total{pool=\"app\"} 4\n"})
    EXPECT_THAT(t, HasSubstr(line));
}

TEST_F(metrics_test, the_process_tells_of_itself) {
  facts_ = {"1.2.3", 4, true, false, 1'700'000'000, {"listeners", "workers"}, 7, 8};
  usage_ = {1.5, 4096, 10, 1024, 1'600'000'000};
  const auto t = text();
  for (const auto* line : {
           "limpet_build_info{version=\"1.2.3\"} 1\n",
           "limpet_workers 4\n",
           "limpet_draining 1\n",
           "limpet_config_last_reload_successful 0\n",
           "limpet_config_last_reload_timestamp_seconds 1700000000\n",
           "limpet_config_restart_needed 2\n",
           "limpet_access_log_dropped_total 7\n",
           "limpet_access_log_write_errors_total 8\n",
           "limpet_limit{name=\"connections\"} 9000\n",
           "limpet_limit{name=\"header_seconds\"} 10\n",
           "limpet_pool_limit{pool=\"chat\",name=\"key_bytes\"} 64\n",
           "limpet_pool_limit{pool=\"chat\",name=\"upstream_idle_seconds\"} 4\n",
           "process_cpu_seconds_total 1.5\n",
           "process_resident_memory_bytes 4096\n",
           "process_open_fds 10\n",
           "process_max_fds 1024\n",
           "process_start_time_seconds 1600000000\n",
       })
    EXPECT_THAT(t, HasSubstr(line));
}

TEST_F(metrics_test, before_the_first_snapshot_there_is_something_to_scrape) {
  const metrics scrape({counters_, example_.labels, facts_, {{nullptr, source_, {}}}, nullptr, usage_, {}});
  EXPECT_EQ(promtool_says(exposition_text(scrape)), "");
}

TEST(process_usage, the_kernel_tells_what_is_likely) {
  const auto before = read_process_usage();
  const net::unique_fd another(::dup(1));
  const auto after = read_process_usage();
  EXPECT_EQ(after.open_fds, before.open_fds + 1);
  EXPECT_GE(after.max_fds, after.open_fds);
  EXPECT_GT(after.resident_bytes, 1 << 20);
  EXPECT_GE(after.cpu_seconds, before.cpu_seconds);
  EXPECT_GT(after.start_unix_seconds, 1.6e9);
  EXPECT_LE(after.start_unix_seconds, static_cast<double>(std::time(nullptr)) + 1);
}

} // namespace
} // namespace limpet::ops
