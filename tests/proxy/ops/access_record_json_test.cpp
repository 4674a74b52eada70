#include "proxy/ops/access_record_json.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0; // other tests of the executable have threads
} // namespace

// Counts what the executable allocates; one test asks. The form that does not throw is replaced too: what
// comes from it (std::stable_sort's buffer) is given to the same delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace limpet::ops {
namespace {

using namespace std::chrono_literals;
using http::access_record;

constexpr auto moment = std::chrono::system_clock::time_point(1'795'441'507'042ms);

access_record full_record() {
  access_record r;
  r.at = moment;
  r.client = "192.0.2.7";
  r.request_id = "0123456789abcdef";
  r.method = "GET";
  r.host = "chat.example.com";
  r.path = "/room/7";
  r.route = "chat";
  r.pool = "chat";
  r.member = "b";
  r.status = 200;
  r.key_source = "header";
  r.placement = "owner";
  r.sticky = "hit";
  r.epoch = 42;
  r.received_bytes = 7;
  r.sent_bytes = 100;
  r.attempts = 1;
  r.reused_connection = true;
  r.head = 12us;
  r.epoch_wait = 3ms;
  r.connect = 0s;
  r.answer = 1500us;
  r.total = 61s;
  return r;
}

std::string line_of(const access_record& r) {
  access_record_writer writer;
  std::string out;
  writer.append(out, r);
  return out;
}

TEST(access_record_json, a_request_is_one_line) {
  EXPECT_EQ(line_of(full_record()),
            R"({"time":"2026-11-23T13:45:07.042Z","event":"request","client":"192.0.2.7",)"
            R"("request_id":"0123456789abcdef","method":"GET","host":"chat.example.com","path":"/room/7",)"
            R"("route":"chat","pool":"chat","member":"b","status":200,"key_source":"header",)"
            R"("placement":"owner","sticky":"hit","epoch":42,"received_bytes":7,"sent_bytes":100,)"
            R"("attempts":1,"reused_connection":true,"head_seconds":0.000012,"epoch_wait_seconds":0.003000,)"
            R"("connect_seconds":0.000000,"answer_seconds":0.001500,"total_seconds":61.000000})"
            "\n");
}

TEST(access_record_json, what_a_record_does_not_say_is_left_out) {
  access_record r;
  r.at = moment;
  r.status = 400;
  r.why = "malformed_head";
  EXPECT_EQ(line_of(r), R"({"time":"2026-11-23T13:45:07.042Z","event":"request","status":400,)"
                        R"("why":"malformed_head","epoch":0,"received_bytes":0,"sent_bytes":0,"attempts":0,)"
                        R"("reused_connection":false})"
                        "\n");
}

TEST(access_record_json, a_tunnel_says_how_it_was_closed) {
  access_record r = full_record();
  r.what = access_record::event::tunnel_close;
  r.close_code = 1001;
  const auto parsed = boost::json::parse(line_of(r)).as_object();
  EXPECT_EQ(parsed.at("event").as_string(), "tunnel_close");
  EXPECT_EQ(parsed.at("close_code").to_number<int>(), 1001);
  r.what = access_record::event::tunnel_open;
  EXPECT_NE(line_of(r).find(R"("event":"tunnel_open")"), std::string::npos);
}

TEST(access_record_json, the_time_follows_the_record_within_a_second_and_past_it) {
  access_record_writer writer;
  access_record r;
  std::string out;
  for (const auto later : {0ms, 957ms, 958ms, 0ms}) {
    r.at = moment + later;
    writer.append(out, r);
  }
  std::vector<std::string> times;
  for (std::size_t at = 0; (at = out.find("\"time\":\"", at)) != std::string::npos; at += 8)
    times.push_back(out.substr(at + 8, 24));
  EXPECT_EQ(times, (std::vector<std::string>{"2026-11-23T13:45:07.042Z", "2026-11-23T13:45:07.999Z",
                                             "2026-11-23T13:45:08.000Z", "2026-11-23T13:45:07.042Z"}));
}

TEST(access_record_json, hostile_texts_stay_one_line_of_bounded_length) {
  access_record r = full_record();
  const std::string newlines(100'000, '\n');
  const std::string path = "/\"},{\"status\":200,\x1b[2J\xff\n";
  r.path = path;
  r.method = newlines;
  const auto line = line_of(r);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_LT(line.size(), 10'000U);
  const auto parsed = boost::json::parse(line).as_object();
  EXPECT_EQ(parsed.at("path").as_string(), "/\"},{\"status\":200,\x1b[2J\xef\xbf\xbd\n");
  EXPECT_EQ(parsed.at("status").to_number<int>(), 200);
}

TEST(access_record_json, a_line_costs_no_allocation_where_there_is_room) {
  access_record_writer writer;
  std::string out;
  out.reserve(16 * 1024);
  auto r = full_record();
  writer.append(out, r);
  const auto before = allocations;
  for (int i = 0; i < 20; ++i) {
    r.at += 700ms;
    writer.append(out, r);
  }
  EXPECT_EQ(allocations, before);
}

} // namespace
} // namespace limpet::ops
