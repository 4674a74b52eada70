// An answer's way through the proxy: head, what is written for the client, content.

#include "proxy/http/field_name.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/h1/head_parser.hpp"
#include "tests/fuzz/plain_http.hpp"
#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using kind = http::framing::kind;
using scan_status = http::h1::head_scanner::status;

constexpr http::h1::head_limits narrow{.first_line_bytes = 40, .head_bytes = 160, .field_count = 4};
constexpr http::h1::head_limits wide{
    .first_line_bytes = 1 << 20, .head_bytes = 1 << 22, .field_count = 100'000};

/// Reads again what was written.
plain_head read_again(const std::string& written, const http::response_head& came,
                      http::response_head& went) {
  FUZZ_CHECK(is_one_head(written));
  FUZZ_CHECK(http::h1::parse_response_head(written, went));
  FUZZ_CHECK(went.status == came.status && went.reason == came.reason && went.minor_version == 1);
  const auto plain = read_plain_head(written);
  for (const auto& f : plain.fields)
    FUZZ_CHECK(!f.name.starts_with("limpet-"));
  for (const auto* gone : {"proxy-connection", "keep-alive", "te", "proxy-authenticate"})
    FUZZ_CHECK(plain.count(gone) == 0);
  return plain;
}

std::vector<plain_field> passed(const plain_head& head) {
  return end_to_end(head, head.named_by_connection());
}

void check_interim(const http::response_head& came, const plain_head& plain) {
  std::string written;
  http::write_interim_head(came, written);
  http::response_head went;
  const auto client = read_again(written, came, went);
  FUZZ_CHECK(client.count("content-length") == 0 && client.count("transfer-encoding") == 0);
  FUZZ_CHECK(end_to_end(client, {}) == passed(plain));
}

void check_written(const http::response_head& came, const plain_head& plain, const http::answer_facts& facts,
                   const http::framing& shown) {
  std::string written;
  http::write_response_head(came, facts, shown, written);
  http::response_head went;
  const auto client = read_again(written, came, went);
  FUZZ_CHECK(client.count("content-length") == (shown.how == kind::length ? 1 : 0));
  FUZZ_CHECK(client.count("transfer-encoding") == (shown.how == kind::chunked ? 1 : 0));
  FUZZ_CHECK(went.body.how == (shown.how == kind::none ? kind::until_close : shown.how));
  if (shown.how == kind::length) FUZZ_CHECK(went.body.length == shown.length);
  FUZZ_CHECK(client.count("connection") <= 1);
  FUZZ_CHECK(went.connection.close == (!facts.keep_alive && !facts.upgrade));
  FUZZ_CHECK(client.count("upgrade") == (facts.upgrade ? 1 : 0));
  FUZZ_CHECK(came.status < 200 || client.count("date") >= 1 || came.has_date);
  const auto named = plain.named_by_connection();
  const bool cookies_pass = std::ranges::find(named, "set-cookie") == named.end();
  const auto cookies = (cookies_pass ? plain.count("set-cookie") : 0) + (facts.set_cookie.empty() ? 0 : 1);
  FUZZ_CHECK(client.count("set-cookie") == cookies);
  FUZZ_CHECK(end_to_end(client, {}) == passed(plain));
}

/// What exchange::plan_answer may choose.
std::vector<http::framing> framings_of(const http::response_head& came) {
  std::vector<http::framing> all{{kind::none, 0}, {kind::chunked, 0}};
  if (came.body.how == kind::length) all.push_back(came.body);
  return all;
}

void write_in_all_ways(const http::response_head& came, const plain_head& plain) {
  for (const auto& shown : framings_of(came)) {
    for (const bool keep_alive : {false, true}) {
      for (const bool http10 : {false, true}) {
        http::answer_facts facts;
        facts.keep_alive = keep_alive;
        facts.client_is_http10 = http10;
        facts.date = "Thu, 01 Jan 1970 00:00:00 GMT";
        if (http10) facts.set_cookie = "limpet=x; Path=/; HttpOnly";
        check_written(came, plain, facts, shown);
      }
    }
  }
}

void check_content(std::string_view bytes, const http::response_head& came) {
  auto body = decode_content(bytes, came.body);
  const bool ends_by_close = came.body.how == kind::until_close;
  if (body.malformed || (!body.done && !ends_by_close)) return;
  for (const auto& pieces : splits_of(body.bytes)) {
    const bool sized = came.body.how == kind::length;
    const auto encoded = encode_content(body, !sized, pieces);
    const auto again = decode_content(encoded, sized ? came.body : http::framing{kind::chunked, 0});
    FUZZ_CHECK(again.done && again.consumed == encoded.size());
    FUZZ_CHECK(again.bytes == body.bytes && again.trailers == body.trailers);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  scan_head(bytes, narrow);
  const auto scanned = scan_head(bytes, wide);
  if (scanned.status != scan_status::complete) return 0;
  const exact_bytes text(bytes.substr(0, scanned.size));
  http::response_head head;
  head.fields.resize(3);
  head.has_date = true;
  head.connection.others = {"date"};
  if (!http::h1::parse_response_head(text.view(), head)) return 0;
  FUZZ_CHECK(head.status >= 100 && head.status <= 599);
  for (const auto& f : head.fields)
    FUZZ_CHECK(http::name_of(f) == http::field_name_of(f.name));
  const auto plain = read_plain_head(text.view());
  check_one_framing(plain);
  check_interim(head, plain);
  write_in_all_ways(head, plain);
  check_content(bytes.substr(scanned.size), head);
  return 0;
}
