// A request's way through the proxy: head, target, what is written for the member, content. What the member
// reads must mean what was read here, whatever pieces it came in.

#include "proxy/http/field_name.hpp"
#include "proxy/http/forwarding.hpp"
#include "proxy/http/h1/head_parser.hpp"
#include "proxy/http/websocket_handshake.hpp"
#include "routing/request_target.hpp"
#include "tests/fuzz/plain_http.hpp"
#include "tests/fuzz/support.hpp"

#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using http::refusal;
using scan_status = http::h1::head_scanner::status;

constexpr http::h1::head_limits narrow{.first_line_bytes = 40, .head_bytes = 160, .field_count = 4};
constexpr http::h1::head_limits wide{
    .first_line_bytes = 1 << 20, .head_bytes = 1 << 22, .field_count = 100'000};

/// A request as exchange::resolve_target leaves it. One of HTTP/1.0 may name no host; what is written for the
/// member then has an empty Host (RFC 9112 section 3.2).
struct resolved {
  http::request_head head;
  routing::request_target target;
  std::string scratch;
};

bool resolve(std::string_view bytes, resolved& out, bool was_http10 = false) {
  if (http::h1::parse_request_head(bytes, out.head) != refusal::none) return false;
  auto& head = out.head;
  const bool may_lack_host = was_http10 || head.minor_version == 0;
  if (head.known_method == http::method::connect || head.known_method == http::method::trace) return false;
  using form = routing::request_target::form;
  if (routing::parse_request_target(head.target, out.target, out.scratch) !=
      routing::request_target::status::ok)
    return false;
  if (out.target.kind == form::authority) return false;
  if (out.target.kind == form::asterisk && head.known_method != http::method::options) return false;
  if (out.target.kind == form::absolute) head.host = out.target.authority;
  std::string name;
  return routing::parse_authority(head.host, name) || (head.host.empty() && may_lack_host);
}

http::forwarding_facts facts_of(const resolved& request) {
  http::forwarding_facts facts;
  facts.peer = "192.0.2.7";
  facts.host = request.head.host;
  facts.path = request.target.path;
  facts.query = request.target.query;
  facts.has_query = request.target.has_query;
  facts.asterisk = request.target.kind == routing::request_target::form::asterisk;
  facts.request_id = "0123456789abcdef";
  return facts;
}

void check_first_line(const resolved& came, const resolved& went) {
  FUZZ_CHECK(went.head.method_name == came.head.method_name);
  FUZZ_CHECK(went.head.known_method == came.head.known_method);
  FUZZ_CHECK(went.head.minor_version == 1);
  FUZZ_CHECK(went.head.host == came.head.host);
  // What is matched is what is forwarded, and the member finds nothing to normalise.
  FUZZ_CHECK(went.target.path == came.target.path);
  FUZZ_CHECK(went.target.query == came.target.query && went.target.has_query == came.target.has_query);
  FUZZ_CHECK(went.target.path.starts_with('/'));
  for (const auto segment : cut(went.target.path, '/'))
    FUZZ_CHECK(segment != "." && segment != "..");
}

void check_own_fields(const plain_head& plain, const http::request_head& came, bool upgrade) {
  using kind = http::framing::kind;
  FUZZ_CHECK(plain.count("host") == 1 && plain.fields.front().name == "host");
  FUZZ_CHECK(plain.count("content-length") == (came.body.how == kind::length ? 1 : 0));
  FUZZ_CHECK(plain.count("transfer-encoding") == (came.body.how == kind::chunked ? 1 : 0));
  FUZZ_CHECK(plain.count("x-forwarded-for") == 1 && plain.value("x-forwarded-for").ends_with("192.0.2.7"));
  FUZZ_CHECK(plain.count("x-forwarded-proto") == 1 && plain.count("x-forwarded-host") <= 1);
  FUZZ_CHECK(plain.count("x-request-id") == 1 && plain.count("via") >= 1);
  FUZZ_CHECK(plain.count("upgrade") == (upgrade ? 1 : 0));
  FUZZ_CHECK(plain.count("connection") <= 1 && plain.count("te") <= 1);
  for (const auto* gone : {"proxy-connection", "keep-alive", "proxy-authorization", "http2-settings"})
    FUZZ_CHECK(plain.count(gone) == 0);
  for (const auto& f : plain.fields)
    FUZZ_CHECK(!f.name.starts_with("limpet-"));
}

/// Writes the head for the member, and reads it again. Returns it.
std::string forward(const resolved& came, const plain_head& plain, const http::forwarding_facts& facts) {
  std::string written;
  http::write_request_head(came.head, facts, written);
  FUZZ_CHECK(is_one_head(written));
  resolved went;
  FUZZ_CHECK(resolve(written, went, came.head.minor_version == 0));
  check_first_line(came, went);
  FUZZ_CHECK(same(went.head.body, came.head.body));
  const auto member = read_plain_head(written);
  check_own_fields(member, came.head, facts.upgrade);
  const auto named = plain.named_by_connection();
  FUZZ_CHECK(end_to_end(member, {}) == end_to_end(plain, named));
  if (facts.upgrade) FUZZ_CHECK(went.head.upgrade == came.head.upgrade);
  return written;
}

void forward_in_all_ways(const resolved& came, const plain_head& plain) {
  auto facts = facts_of(came);
  for (const bool trusted : {false, true}) {
    facts.peer_is_trusted = trusted;
    for (const auto mode : {config::forwarded_mode::append, config::forwarded_mode::replace}) {
      facts.mode = mode;
      forward(came, plain, facts);
    }
  }
  if (came.head.upgrade.empty() || came.head.minor_version == 0 || came.head.body.has_body()) return;
  facts.upgrade = true;
  forward(came, plain, facts);
}

/// Head and content as one message, as the member gets them: one request, and nothing behind it.
void check_whole(const resolved& came, const plain_head& plain, const content& body) {
  const bool chunked = came.head.body.how == http::framing::kind::chunked;
  const auto head = forward(came, plain, facts_of(came));
  for (const auto& pieces : splits_of(body.bytes)) {
    const auto encoded = encode_content(body, chunked, pieces);
    const auto again = decode_content(encoded, came.head.body);
    FUZZ_CHECK(again.done && !again.malformed && again.consumed == encoded.size());
    FUZZ_CHECK(again.bytes == body.bytes && again.trailers == body.trailers);
  }
}

/// RFC 3986 section 5.2.4 by a stack of segments, for what was accepted: no dot is encoded there.
std::string remove_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const auto segments = cut(path.substr(1), '/');
  for (const auto segment : segments) {
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (segment != "." && segment != "..") kept.push_back(segment);
  }
  if (segments.back() == "." || segments.back() == "..") kept.emplace_back();
  std::string out;
  for (const auto segment : kept)
    out.append("/").append(segment);
  return out;
}

/// What was accepted, against the bytes that it came in.
void check_accepted(const resolved& request, const plain_head& plain) {
  check_one_framing(plain);
  const bool is_http10 = request.head.minor_version == 0;
  FUZZ_CHECK(plain.count("host") == 1 || (is_http10 && plain.count("host") == 0));
  using form = routing::request_target::form;
  if (request.target.kind != form::origin) return;
  const auto words = cut(plain.first_line, ' ');
  FUZZ_CHECK(words.size() == 3 && words[0] == request.head.method_name);
  const auto path = words[1].substr(0, words[1].find('?'));
  FUZZ_CHECK(request.target.path == remove_dots(path));
}

/// Takes one request off the front. False where nothing follows: it was refused, or is not whole.
bool take_request(std::string_view& bytes) {
  scan_head(bytes, narrow);
  const auto scanned = scan_head(bytes, wide);
  if (scanned.status != scan_status::complete) return false;
  const exact_bytes text(bytes.substr(0, scanned.size));
  resolved request;
  // One that was used before reads the same.
  request.head.fields.resize(3);
  request.head.connection.others = {"host"};
  request.head.body = {http::framing::kind::length, 7};
  if (!resolve(text.view(), request)) return false;
  for (const auto& f : request.head.fields)
    FUZZ_CHECK(http::name_of(f) == http::field_name_of(f.name));
  http::is_websocket_request(request.head);

  const auto plain = read_plain_head(text.view());
  check_accepted(request, plain);
  forward_in_all_ways(request, plain);
  const auto body = decode_content(bytes.substr(scanned.size), request.head.body);
  if (!body.done || body.malformed) return false;
  check_whole(request, plain, body);
  bytes.remove_prefix(scanned.size + body.consumed);
  return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (int pipelined = 0; pipelined < 4 && !bytes.empty() && take_request(bytes);)
    ++pipelined;
  return 0;
}
