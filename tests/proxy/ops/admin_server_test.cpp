#include "proxy/http/live_stream.hpp"
#include "proxy/http/metrics.hpp"
#include "proxy/ops/admin_server.hpp"
#include "proxy/ops/log_level.hpp"
#include "tests/proxy/ops/example.hpp"
#include "tests/proxy/ops/temporary_folder.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>

#include <future>
#include <optional>
#include <thread>
#include <vector>

namespace limpet::ops {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A proxy that is nothing but what the admin server asks of it. Touched by the server's thread, and by the
/// test's before that one begins and after it has ended.
class fake_backend final : public backend {
public:
  explicit fake_backend(asio::io_context& io) : gate(io) {
    settings_.signing_keys = {{"k1", "do-not-tell", ""}};
    facts_.version = "1.2.3";
  }

  asio::awaitable<net::counter_shard> counters() override {
    net::counter_shard shard;
    shard.add(static_cast<std::uint16_t>(http::metric::connections), 0, 0, 17);
    const auto a = example_.number_of("chat", "a");
    const auto add_live = [&](std::uint32_t number, http::stream_kind kind, std::uint64_t count) {
      shard.add(static_cast<std::uint16_t>(http::metric::live_streams_by_number), number,
                static_cast<std::uint32_t>(kind), count);
    };
    add_live(a, http::stream_kind::request, 2);
    add_live(a, http::stream_kind::tunnel, 5);
    add_live(a + 1'000, http::stream_kind::event_stream, 7); // of another incarnation, maybe
    if (counters_asked) {
      gate.expires_after(1h);
      counters_asked->set_value();
      co_await gate.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return shard; // by now this may be gone
  }
  const http::label_names& labels() const override { return example_.labels; }
  process_facts facts() const override { return facts_; }
  std::vector<pool_facts> pools() const override {
    std::vector<pool_facts> all;
    for (const auto& p : example_.snapshot->pools)
      all.push_back({p, source_, {}, p->settings.name == "app" ? std::nullopt : rails_});
    if (!all.empty()) all.front().checks = checks_;
    return all;
  }
  std::size_t act_on_rails(const std::string& pool, rails_action action) override {
    acted.emplace_back(pool, action);
    if (action == rails_action::suspend) rails_->suspended = std::chrono::steady_clock::now();
    return action == rails_action::apply ? 3 : 0;
  }
  std::shared_ptr<const http::snapshot> snapshot() const override { return example_.snapshot; }
  const config::settings& settings() const override { return settings_; }
  bool ready() const override { return !facts_.draining; }
  void begin_drain() override { facts_.draining = true; }
  asio::awaitable<drain_outcome> drain_member(std::string pool, std::string member, std::string by) override {
    asked_drains.push_back("begin " + pool + ' ' + member + ' ' + by);
    co_return drain_outcome_;
  }
  asio::awaitable<drain_outcome> undo_member_drain(std::string pool, std::string member) override {
    asked_drains.push_back("undo " + pool + ' ' + member);
    co_return drain_outcome_;
  }

  example example_;
  process_facts facts_;
  drain_outcome drain_outcome_;
  std::vector<std::string> asked_drains;
  config::settings settings_;
  membership::source_status source_{"etcd", true, true, 1234, 0, 0, 3, "connection refused"};
  std::vector<member_checks> checks_;                            ///< of the first pool
  std::optional<membership::rails_status> rails_{std::in_place}; ///< of all pools but app, which is static
  std::vector<std::pair<std::string, rails_action>> acted;
  asio::steady_timer gate; ///< what counters() waits for, where somebody asks when it began
  std::optional<std::promise<void>> counters_asked;
};

struct answer {
  unsigned status = 0;
  std::string head;
  std::string content;
};

/// A client that waits for what it wants, in the test's thread.
class client {
public:
  client(asio::io_context& io, const std::string& address) : socket_(io) {
    if (address.starts_with("unix:"))
      socket_.connect(asio::local::stream_protocol::endpoint(address.substr(5)));
    else
      socket_.connect(asio::ip::tcp::endpoint(
          asio::ip::make_address("127.0.0.1"),
          static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)))));
  }

  /// False where the server would not hear it to its end.
  bool send(const std::string& bytes) {
    boost::system::error_code error;
    asio::write(socket_, asio::buffer(bytes), error);
    return !error;
  }
  /// One answer; status 0 where the connection ends before its end.
  answer receive(bool with_content = true) {
    answer a;
    boost::system::error_code error;
    const auto head_size = asio::read_until(socket_, asio::dynamic_buffer(buffer_), "\r\n\r\n", error);
    if (error) return {};
    a.head = take(head_size);
    const auto at = a.head.find("Content-Length: ");
    const auto size = at == std::string::npos ? 0 : std::stoul(a.head.substr(at + 16));
    if (with_content && size > buffer_.size())
      asio::read(socket_, asio::dynamic_buffer(buffer_), asio::transfer_exactly(size - buffer_.size()),
                 error);
    if (error) return {};
    if (with_content) a.content = take(size);
    a.status = static_cast<unsigned>(std::stoul(a.head.substr(9, 3)));
    return a;
  }
  /// Whether the server has closed, and nothing is left to be read.
  bool at_end() {
    boost::system::error_code error;
    asio::read(socket_, asio::dynamic_buffer(buffer_), asio::transfer_at_least(1), error);
    return error == asio::error::eof || error == asio::error::connection_reset;
  }

private:
  std::string take(std::size_t size) {
    auto taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
  }
  asio::generic::stream_protocol::socket socket_;
  std::string buffer_;
};

class admin_server_test : public testing::Test {
protected:
  ~admin_server_test() override { end(); }

  void begin(const std::string& address = "127.0.0.1:0", admin_limits limits = {}) {
    auto listening = net::open_listen_sockets(address, 1);
    ASSERT_TRUE(listening);
    server_.emplace(io_, std::move(*listening), *backend_, limits);
    server_->start();
    address_ = server_->address();
    thread_ = std::thread([this] { io_.run(); });
  }
  /// After it the backend may be looked at.
  void end() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { server_->stop(); });
    thread_.join();
  }

  client connect() { return {client_io_, address_}; }
  answer ask(const std::string& method, const std::string& target,
             const std::string& fields = "Host: localhost\r\n", const std::string& content = "") {
    auto c = connect();
    c.send(method + " " + target + " HTTP/1.1\r\n" + fields + "\r\n" + content);
    return c.receive(method != "HEAD");
  }
  answer get(const std::string& target) { return ask("GET", target); }

  asio::io_context io_;
  asio::io_context client_io_;
  std::optional<fake_backend> backend_{io_};
  std::optional<admin_server> server_;
  std::string address_;
  std::thread thread_;
};

// -- pages ------------------------------------------------------------

TEST_F(admin_server_test, health_and_readiness) {
  begin();
  EXPECT_EQ(get("/healthz").content, "ok\n");
  EXPECT_EQ(get("/readyz").content, "ready\n");
  EXPECT_EQ(get("/readyz").status, 200U);
}

TEST_F(admin_server_test, a_drain_begins_by_post_and_readiness_says_so_at_once) {
  begin();
  EXPECT_EQ(get("/drain").status, 405U);
  EXPECT_EQ(get("/readyz").status, 200U);
  EXPECT_EQ(ask("POST", "/drain").status, 202U);
  const auto a = get("/readyz");
  EXPECT_EQ(a.status, 503U);
  EXPECT_EQ(a.content, "draining\n");
  EXPECT_EQ(get("/healthz").status, 200U) << "a drain is no illness";
}

TEST_F(admin_server_test, a_member_is_drained_and_undone) {
  backend_->example_.pool("chat").settings.members.source = config::source_kind::etcd;
  begin();
  auto a = ask("POST", "/drains?pool=chat&member=a&by=alice");
  EXPECT_EQ(a.status, 200U);
  EXPECT_EQ(a.content, "{\"pool\":\"chat\",\"member\":\"a\",\"drain\":\"begun\"}\n");
  EXPECT_EQ(ask("DELETE", "/drains?member=a").status, 200U);
  EXPECT_EQ(ask("POST", "/drains?pool=chat&member=z").status, 404U);
  EXPECT_EQ(ask("POST", "/drains?pool=app&member=x").status, 409U);
  EXPECT_EQ(ask("POST", "/drains").status, 400U);
  EXPECT_EQ(ask("PUT", "/drains?pool=chat&member=a").status, 405U);
  EXPECT_EQ(get("/drains").status, 200U);
  EXPECT_EQ(get("/readyz").status, 200U) << "the proxy itself does not drain";
  end();
  EXPECT_THAT(backend_->asked_drains, testing::ElementsAre("begin chat a alice", "undo chat a"));
}

TEST_F(admin_server_test, a_drain_that_etcd_does_not_take_says_why) {
  backend_->example_.pool("chat").settings.members.source = config::source_kind::etcd;
  backend_->drain_outcome_ = {drain_outcome::kind::no_answer, "connection refused"};
  begin();
  const auto a = ask("POST", "/drains?pool=chat&member=a");
  EXPECT_EQ(a.status, 503U);
  EXPECT_THAT(a.content, HasSubstr("connection refused"));
}

TEST_F(admin_server_test, a_foreign_page_drains_no_member) {
  backend_->example_.pool("chat").settings.members.source = config::source_kind::etcd;
  begin();
  const std::string foreign = "Host: localhost\r\nOrigin: http://evil.example\r\n";
  EXPECT_EQ(ask("POST", "/drains?pool=chat&member=a", foreign).status, 403U);
  EXPECT_EQ(ask("DELETE", "/drains?pool=chat&member=a", foreign).status, 403U);
  end();
  EXPECT_TRUE(backend_->asked_drains.empty());
}

TEST_F(admin_server_test, status_has_the_process_and_the_pools) {
  backend_->facts_.workers = 4;
  backend_->facts_.restart_needed = {"workers"};
  begin();
  const auto told = boost::json::parse(get("/status").content).as_object();
  EXPECT_EQ(told.at("version").as_string(), "1.2.3");
  EXPECT_EQ(told.at("placement").as_string(), "weighted-rendezvous/1");
  EXPECT_EQ(told.at("workers").to_number<int>(), 4);
  EXPECT_TRUE(told.at("ready").as_bool());
  EXPECT_FALSE(told.at("draining").as_bool());
  EXPECT_GT(told.at("start_unix_seconds").to_number<std::int64_t>(), 1'600'000'000);
  EXPECT_EQ(boost::json::serialize(told.at("restart_needed")), R"(["workers"])");
  EXPECT_EQ(told.at("pools"), boost::json::parse(get("/members").content).at("pools"));
}

TEST_F(admin_server_test, metrics_are_prometheus_text) {
  begin();
  const auto a = get("/metrics");
  EXPECT_EQ(a.status, 200U);
  EXPECT_THAT(a.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(a.content, HasSubstr("limpet_connections_total 17\n"));
  EXPECT_THAT(a.content, HasSubstr("limpet_epoch{pool=\"chat\"} 42\n"));
}

TEST_F(admin_server_test, the_configuration_is_shown_without_its_secrets) {
  begin();
  const auto a = get("/config");
  EXPECT_EQ(a.status, 200U);
  EXPECT_THAT(a.content, HasSubstr("id: k1"));
  EXPECT_THAT(a.content, Not(HasSubstr("do-not-tell")));
}

TEST_F(admin_server_test, members_are_json) {
  backend_->example_.take_down("chat", "b");
  backend_->example_.member("chat", "a").connections = 3;
  begin();
  const auto a = get("/members");
  EXPECT_THAT(a.head, HasSubstr("Content-Type: application/json\r\n"));
  const auto pools = boost::json::parse(a.content).as_object().at("pools").as_array();
  ASSERT_EQ(pools.size(), 3U);
  const auto& chat = pools[0].as_object();
  EXPECT_EQ(chat.at("name").as_string(), "chat");
  EXPECT_EQ(chat.at("epoch").to_number<int>(), 42);
  EXPECT_EQ(chat.at("checksum").to_number<std::uint64_t>(), backend_->example_.pool("chat").view.checksum());
  EXPECT_TRUE(chat.at("stale").as_bool());
  EXPECT_EQ(chat.at("source").at("kind").as_string(), "etcd");
  EXPECT_EQ(chat.at("source").at("last_error").as_string(), "connection refused");
  EXPECT_EQ(
      boost::json::serialize(chat.at("members").at(0)),
      R"({"id":"a","incarnation":"a-1","address":"10.0.0.1:9001","weight":1,"zone":"z","state":"ready",)"
      R"("up":true,"ejected":false,"connections":3,)"
      R"("live":{"requests":2,"event_streams":0,"tunnels":5}})");
  EXPECT_EQ(boost::json::serialize(chat.at("members").at(1).at("live")),
            R"({"requests":0,"event_streams":0,"tunnels":0})");
  const auto& b = chat.at("members").at(1).as_object();
  EXPECT_FALSE(b.at("up").as_bool());
  EXPECT_EQ(b.at("left_out").as_string(), "unreachable");
  EXPECT_GT(b.at("unreachable_for_s").as_double(), 0);
  EXPECT_EQ(chat.at("members").at(2).at("state").as_string(), "draining");
}

TEST_F(admin_server_test, members_tell_what_speaks_against_them) {
  auto& example = backend_->example_;
  backend_->checks_ = {
      {check_verdict::unhealthy, "status 503", 1, 2}, {check_verdict::healthy, "", 3, 0}, {}};
  example.member("chat", "a").set_unhealthy(true);
  example.member("chat", "b").answers.eject({.failures = 1}, std::chrono::steady_clock::now());
  begin();
  const auto pools = boost::json::parse(get("/members").content).as_object().at("pools").as_array();
  const auto& members = pools[0].at("members").as_array();
  const auto& a = members[0].as_object();
  EXPECT_FALSE(a.at("up").as_bool());
  EXPECT_EQ(a.at("left_out").as_string(), "unhealthy");
  EXPECT_EQ(boost::json::serialize(a.at("health")), R"({"check":"unhealthy","last_error":"status 503"})");
  const auto& b = members[1].as_object();
  EXPECT_EQ(b.at("left_out").as_string(), "ejected");
  EXPECT_TRUE(b.at("ejected").as_bool());
  EXPECT_GT(b.at("ejected_for_s").as_double(), 5);
  EXPECT_LE(b.at("ejected_for_s").as_double(), 10);
  EXPECT_EQ(boost::json::serialize(b.at("health")), R"({"check":"healthy"})");
  EXPECT_EQ(boost::json::serialize(members[2].at("health")), R"({"check":"unknown"})");
  EXPECT_FALSE(members[2].as_object().contains("left_out"));
  EXPECT_FALSE(pools[1].at("members").at(0).as_object().contains("health")) << "it has no checks";
}

TEST_F(admin_server_test, members_that_are_only_held_are_marked) {
  const auto now = std::chrono::steady_clock::now();
  backend_->rails_->held = {{"a", now, now + 1min, 2, 3}};
  backend_->rails_->leaving = {{"b", now, now + 1s}};
  backend_->rails_->suspended = now;
  begin();
  const auto pools = boost::json::parse(get("/members").content).as_object().at("pools").as_array();
  EXPECT_TRUE(pools[0].at("suspended").as_bool());
  const auto& members = pools[0].at("members").as_array();
  EXPECT_TRUE(members[0].at("held").as_bool());
  EXPECT_TRUE(members[1].at("leaving").as_bool());
  EXPECT_FALSE(members[1].as_object().contains("held"));
  EXPECT_FALSE(members[2].as_object().contains("held") || members[2].as_object().contains("leaving"));
  EXPECT_FALSE(pools[2].at("suspended").as_bool()) << "a pool without rails";
}

TEST_F(admin_server_test, membership_says_what_is_held_back_why_and_until_when) {
  const auto now = std::chrono::steady_clock::now();
  auto& rails = *backend_->rails_;
  rails.held = {{"a", now - 10s, now + 50s, 3, 4}};
  rails.leaving = {{"b", now, now + 1s}};
  rails.damped = {{"c", 4, true, now + 30s}, {"d", 7, false, std::nullopt}};
  rails.members_told = 2;
  rails.guard_trips = 5;
  rails.flaps = 11;
  begin();
  const auto a = get("/membership");
  EXPECT_THAT(a.head, HasSubstr("Content-Type: application/json\r\n"));
  const auto pools = boost::json::parse(a.content).as_object().at("pools").as_array();
  ASSERT_EQ(pools.size(), 3U);
  const auto& chat = pools[0].as_object();
  EXPECT_EQ(chat.at("name").as_string(), "chat");
  EXPECT_EQ(chat.at("source").as_string(), "etcd");
  EXPECT_TRUE(chat.at("stale").as_bool());
  EXPECT_EQ(chat.at("last_error").as_string(), "connection refused");
  EXPECT_EQ(chat.at("members").to_number<int>(), 3);
  EXPECT_EQ(chat.at("members_told").to_number<int>(), 2);
  EXPECT_EQ(chat.at("guard_trips").to_number<int>(), 5);
  EXPECT_EQ(chat.at("flaps").to_number<int>(), 11);
  EXPECT_EQ(chat.at("restores").to_number<int>(), 0);
  EXPECT_FALSE(chat.at("suspended").as_bool());
  const auto& held = chat.at("held").at(0);
  EXPECT_EQ(held.at("id").as_string(), "a");
  EXPECT_EQ(held.at("why").as_string(), "3 of 4 members left within 10s, more than 50 %");
  EXPECT_THAT(std::string(held.at("until").as_string()), testing::MatchesRegex("20..-..-..T..:..:..Z"));
  EXPECT_LE(held.at("seconds_left").to_number<int>(), 50);
  EXPECT_GT(held.at("seconds_left").to_number<int>(), 0);
  EXPECT_FALSE(chat.at("leaving").at(0).as_object().contains("why"));
  EXPECT_TRUE(chat.at("damped").at(0).at("there").as_bool());
  EXPECT_FALSE(chat.at("damped").at(1).as_object().contains("until"));
  const auto& app = pools[2].as_object();
  EXPECT_FALSE(app.at("rails").as_bool());
  EXPECT_FALSE(app.contains("held"));
}

TEST_F(admin_server_test, an_operator_acts_on_one_pool_or_on_all_with_rails) {
  begin();
  auto a = ask("POST", "/membership/suspend?pool=chat");
  EXPECT_EQ(a.status, 200U);
  auto pools = boost::json::parse(a.content).as_object().at("pools").as_array();
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_TRUE(pools[0].at("suspended").as_bool()) << "as it is now";
  a = ask("POST", "/membership/apply");
  pools = boost::json::parse(a.content).as_object().at("pools").as_array();
  ASSERT_EQ(pools.size(), 2U);
  EXPECT_EQ(pools[1].at("applied").to_number<int>(), 3);
  EXPECT_EQ(ask("POST", "/membership/resume?pool=%73hop").status, 200U);
  end();
  using enum rails_action;
  EXPECT_THAT(backend_->acted,
              testing::ElementsAre(testing::Pair("chat", suspend), testing::Pair("chat", apply),
                                   testing::Pair("shop", apply), testing::Pair("shop", resume)));
}

TEST_F(admin_server_test, what_is_no_pool_with_rails_is_told_and_nothing_is_done) {
  begin();
  auto a = ask("POST", "/membership/apply?pool=nowhere");
  EXPECT_EQ(a.status, 404U);
  EXPECT_EQ(a.content, "no pool is named \"nowhere\"; there are: chat, shop, app\n");
  a = ask("POST", "/membership/apply?pool=app");
  EXPECT_EQ(a.status, 409U);
  EXPECT_EQ(a.content, "pool app has no rails: its members are static\n");
  for (const auto* query : {"?pool", "?pool=%", "?pools=chat", "?chat", "?pool=chat&pool=shop"})
    EXPECT_THAT(ask("POST", std::string("/membership/suspend") + query).status, testing::AnyOf(400U, 404U))
        << query;
  EXPECT_EQ(get("/membership/apply").status, 405U);
  EXPECT_EQ(ask("POST", "/membership/apply", "Host: localhost\r\nOrigin: http://evil.example\r\n").status,
            403U);
  end();
  EXPECT_TRUE(backend_->acted.empty());
}

TEST_F(admin_server_test, where_no_pool_has_rails_there_is_nothing_to_act_on) {
  backend_->rails_.reset();
  begin();
  const auto a = ask("POST", "/membership/suspend");
  EXPECT_EQ(a.status, 409U);
  EXPECT_EQ(a.content, "no pool has rails: the members of all are static\n");
}

TEST_F(admin_server_test, explain_answers_as_json) {
  begin();
  auto a = get("/explain?url=/room&host=chat.example.com&header=X-User-Id:alice");
  EXPECT_EQ(a.status, 200U);
  EXPECT_EQ(boost::json::parse(a.content).at("key").at("text").as_string(), "alice");
  a = get("/explain?pool=nowhere&key=a");
  EXPECT_EQ(a.status, 400U);
  EXPECT_TRUE(boost::json::parse(a.content).as_object().contains("error"));
  EXPECT_EQ(get("/explain").status, 400U);
}

TEST_F(admin_server_test, the_log_level_is_read_and_put) {
  ASSERT_TRUE(set_log_level("info"));
  begin();
  EXPECT_EQ(get("/loglevel").content, "info\n");
  EXPECT_EQ(ask("PUT", "/loglevel?level=debug").content, "debug\n");
  EXPECT_EQ(get("/loglevel").content, "debug\n");
  EXPECT_EQ(ask("PUT", "/loglevel?level=loud").status, 400U);
  EXPECT_EQ(ask("PUT", "/loglevel").status, 400U);
  EXPECT_EQ(get("/loglevel").content, "debug\n");
  set_log_level("info");
}

TEST_F(admin_server_test, the_version_names_the_placement_too) {
  begin();
  EXPECT_EQ(get("/version").content, "{\"version\":\"1.2.3\",\"placement\":\"weighted-rendezvous/1\"}\n");
}

TEST_F(admin_server_test, the_index_needs_nothing_from_elsewhere) {
  begin();
  const auto a = get("/");
  EXPECT_THAT(a.head, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_THAT(a.head, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(a.content, StartsWith("<!doctype html>"));
  EXPECT_THAT(a.content, Not(HasSubstr("src=\"")));
  EXPECT_THAT(a.content, Not(HasSubstr("innerHTML"))) << "members name themselves";
}

// -- HTTP -------------------------------------------------------------

TEST_F(admin_server_test, what_is_not_there_is_404_and_what_may_not_be_done_405) {
  begin();
  EXPECT_EQ(get("/nowhere").status, 404U);
  EXPECT_EQ(get("/healthz/").status, 404U);
  EXPECT_EQ(get("http://localhost/healthz").status, 404U);
  const auto a = ask("DELETE", "/loglevel");
  EXPECT_EQ(a.status, 405U);
  EXPECT_THAT(a.head, HasSubstr("Allow: GET, HEAD, PUT\r\n"));
  EXPECT_THAT(ask("POST", "/metrics").head, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(get("/drain").head, HasSubstr("Allow: POST\r\n"));
  EXPECT_EQ(ask("PROPFIND", "/metrics").status, 405U);
  EXPECT_EQ(ask("HEAD", "/drain").status, 405U);
}

TEST_F(admin_server_test, every_answer_says_how_it_may_be_used) {
  begin();
  for (const auto* path : {"/", "/metrics", "/nowhere"}) {
    const auto head = get(path).head;
    for (const auto* field : {"Server: limpet\r\n", "Cache-Control: no-store\r\n",
                              "X-Content-Type-Options: nosniff\r\n", "Date: "})
      EXPECT_THAT(head, HasSubstr(field)) << path;
  }
}

TEST_F(admin_server_test, head_is_get_without_the_content) {
  begin();
  auto c = connect();
  c.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto head = c.receive(false);
  EXPECT_EQ(head.status, 200U);
  EXPECT_THAT(head.head, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_EQ(c.receive().content, "ready\n") << "the next answer follows at once";
}

TEST_F(admin_server_test, a_connection_is_kept_or_closed_as_the_client_wants_it) {
  begin();
  auto c = connect();
  for (int i = 0; i < 3; ++i) {
    c.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(c.receive().status, 200U);
  }
  c.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(c.receive().status, 200U);
  EXPECT_TRUE(c.at_end());
  auto old = connect();
  old.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive().content, "ok\n");
  EXPECT_TRUE(old.at_end());
}

TEST_F(admin_server_test, a_request_past_the_limits_is_told_so) {
  begin();
  EXPECT_EQ(get("/" + std::string(9000, 'x')).status, 431U);
  EXPECT_EQ(ask("POST", "/drain", "Host: localhost\r\nContent-Length: 70000\r\n").status, 413U);
  EXPECT_EQ(ask("POST", "/drain", "Host: localhost\r\nTransfer-Encoding: chunked\r\n",
                "11170\r\n" + std::string(70'000, 'x') + "\r\n0\r\n\r\n")
                .status,
            413U);
  EXPECT_EQ(get("/readyz").status, 200U) << "nothing of it had an effect";
  EXPECT_EQ(
      ask("POST", "/drain", "Host: localhost\r\nContent-Length: 65536\r\n", std::string(65'536, 'x')).status,
      202U);
}

TEST_F(admin_server_test, a_client_that_goes_on_sending_reads_its_refusal_all_the_same) {
  begin();
  constexpr std::size_t much = 16 << 20; // more than the sockets hold
  auto c = connect();
  EXPECT_TRUE(c.send("POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(much) +
                     "\r\n\r\n" + std::string(much, 'x')))
      << "a reset, which may overtake the answer";
  EXPECT_EQ(c.receive().status, 413U);
  EXPECT_TRUE(c.at_end());
}

TEST_F(admin_server_test, what_is_no_http_is_a_400) {
  begin();
  auto c = connect();
  c.send("hello\r\n\r\n");
  EXPECT_EQ(c.receive().status, 400U);
  EXPECT_TRUE(c.at_end());
  EXPECT_EQ(ask("GET", "/healthz", "").status, 400U) << "no Host";
  EXPECT_EQ(ask("GET", "/healthz", "Host: localhost\r\nHost: localhost\r\n").status, 400U);
}

TEST_F(admin_server_test, a_client_that_stalls_is_let_go) {
  begin("127.0.0.1:0", {.request = 20ms});
  auto idle = connect();
  auto half = connect();
  half.send("GET /healthz HTTP/1.1\r\nHo");
  EXPECT_TRUE(half.at_end());
  EXPECT_TRUE(idle.at_end());
}

TEST_F(admin_server_test, past_the_limit_whoever_has_waited_longest_makes_room) {
  begin("127.0.0.1:0", {.connections = 4});
  std::vector<client> held;
  for (int i = 0; i < 4; ++i) {
    held.push_back(connect());
    if (i == 0) continue; // says nothing at all
    held.back().send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(held.back().receive().status, 200U);
  }
  auto fifth = connect();
  fifth.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(fifth.receive().status, 200U);
  EXPECT_TRUE(held[0].at_end());
  held[1].send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(held[1].receive().status, 200U) << "the others are as they were";
  for (int i = 0; i < 40; ++i) // a flood keeps nobody out
    held.push_back(connect());
  EXPECT_EQ(get("/healthz").status, 200U);
}

TEST_F(admin_server_test, past_the_limit_who_is_being_answered_stays) {
  backend_->counters_asked.emplace();
  auto asked = backend_->counters_asked->get_future();
  begin("127.0.0.1:0", {.connections = 1});
  auto asks = connect();
  asks.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  asked.wait();
  EXPECT_EQ(get("/healthz").status, 0U) << "closed without a word";
  asio::post(io_, [this] { backend_->gate.cancel(); });
  EXPECT_EQ(asks.receive().status, 200U);
}

TEST_F(admin_server_test, it_serves_a_unix_socket_too_and_removes_it) {
  const temporary_folder folder;
  const auto path = folder.file("admin");
  begin("unix:" + path);
  EXPECT_EQ(ask("GET", "/healthz", "Host: whatever.example\r\n").status, 200U);
  end();
  EXPECT_FALSE(std::filesystem::exists(path));
}

// -- web pages that would like to look in -----------------------------

TEST_F(admin_server_test, a_name_that_was_made_to_resolve_to_loopback_is_refused) {
  begin();
  EXPECT_EQ(ask("GET", "/config", "Host: evil.example:9901\r\n").status, 421U);
  EXPECT_EQ(ask("GET", "/config", "Host: " + address_ + "\r\n").status, 200U);
}

TEST_F(admin_server_test, a_foreign_page_changes_nothing) {
  begin();
  EXPECT_EQ(ask("POST", "/drain", "Host: localhost\r\nOrigin: http://evil.example\r\n").status, 403U);
  EXPECT_EQ(ask("PUT", "/loglevel?level=debug", "Host: localhost\r\nOrigin: null\r\n").status, 403U);
  EXPECT_EQ(get("/readyz").status, 200U);
  EXPECT_EQ(ask("POST", "/drain", "Host: localhost\r\nOrigin: http://localhost\r\n").status, 202U);
}

// -- the end ----------------------------------------------------------

TEST_F(admin_server_test, stop_lets_go_of_every_connection) {
  begin();
  auto c = connect();
  c.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(c.receive().status, 200U);
  end();
  EXPECT_TRUE(c.at_end());
}

TEST_F(admin_server_test, after_stop_the_backend_is_not_touched) {
  backend_->counters_asked.emplace();
  auto asked = backend_->counters_asked->get_future();
  begin();
  auto c = connect();
  c.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  asked.wait();
  asio::post(io_, [this] {
    server_->stop();
    backend_->gate.cancel();
    backend_.reset();
  });
  EXPECT_TRUE(c.at_end());
  thread_.join();
}

} // namespace
} // namespace limpet::ops
