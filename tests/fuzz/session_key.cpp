// Where a request's session key comes from, against a plain reading of each source. The input is a request
// head.

#include "routing/session_key.hpp"

#include "proxy/http/h1/head_parser.hpp"
#include "routing/forwarded.hpp"
#include "routing/request_target.hpp"
#include "tests/fuzz/support.hpp"
#include "tests/routing/test_keys.hpp"

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using routing::key_result;
using routing::key_source;
using status = key_result::status;

constexpr std::int64_t now = 1'700'000'000;
constexpr std::size_t key_bytes_max = 12;

const std::vector<key_source>& sources() {
  static const std::vector<key_source> all{
      {.from = key_source::kind::cookie, .name = "limpet", .issued = true, .pin = true},
      {.from = key_source::kind::header, .name = "X-User-Id"},
      {.from = key_source::kind::query, .name = "room"},
      {.from = key_source::kind::path_segment, .name = {}, .segment = 2},
      {.from = key_source::kind::cookie, .name = "sid"},
      {.from = key_source::kind::client_address, .name = {}, .ipv4_prefix = 24, .ipv6_prefix = 64},
  };
  return all;
}

struct outcome {
  status what = status::absent;
  std::string key;
};

outcome found_or_absent(std::string_view value) {
  if (value.empty()) return {};
  if (value.size() > key_bytes_max) return {status::too_long, {}};
  return {status::found, std::string(value)};
}

std::optional<std::string> decode_percent(std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    if (text.front() != '%') {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    const auto pair = lower(text.substr(1, 2));
    if (pair.size() < 2) return {};
    const auto high = digits.find(pair[0]), low = digits.find(pair[1]);
    if (high == digits.npos || low == digits.npos) return {};
    out.push_back(static_cast<char>(high * 16 + low));
    text.remove_prefix(3);
  }
  return out;
}

outcome decoded(std::string_view text) {
  const auto plain = decode_percent(text);
  return plain ? found_or_absent(*plain) : outcome{status::malformed, {}};
}

outcome of_header(const routing::request_view& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto& f : request.fields)
    if (lower(f.name) == lower(name)) values.push_back(f.value);
  if (values.size() > 1) return {status::repeated, {}};
  return found_or_absent(values.empty() ? std::string_view() : values.front());
}

outcome of_query(const routing::request_view& request, std::string_view name) {
  std::vector<std::string_view> values;
  for (const auto parameter : cut(request.query, '&')) {
    const auto equals = std::min(parameter.find('='), parameter.size());
    if (decode_percent(parameter.substr(0, equals)) != name || parameter.empty()) continue;
    values.push_back(parameter.substr(std::min(equals + 1, parameter.size())));
  }
  if (values.size() > 1) return {status::repeated, {}};
  return values.empty() ? outcome{} : decoded(values.front());
}

outcome of_path(const routing::request_view& request, unsigned segment) {
  const auto segments = cut(request.path, '/');
  return segment < segments.size() ? decoded(segments[segment]) : outcome{};
}

/// Nothing where there is no plain way to tell: cookies have a target of their own.
std::optional<outcome> expected(const key_source& source, const routing::request_view& request) {
  switch (source.from) {
  case key_source::kind::header:
    return of_header(request, source.name);
  case key_source::kind::query:
    return of_query(request, source.name);
  case key_source::kind::path_segment:
    return of_path(request, source.segment);
  case key_source::kind::cookie:
  case key_source::kind::client_address:
    break;
  }
  return {};
}

key_result extract(std::span<const key_source> from, const routing::request_view& request,
                   std::string& scratch) {
  static const routing::testing::fake_keys keys({"new", "old"});
  const auto result = routing::extract_session_key(from, request, key_bytes_max, &keys, now, scratch);
  if (result.outcome == status::found) {
    FUZZ_CHECK(!result.bytes.empty() && result.hash == routing::hash_bytes(result.bytes));
    const auto& source = from[result.source];
    const bool limited = !source.issued && source.from != key_source::kind::client_address;
    FUZZ_CHECK(!limited || result.bytes.size() <= key_bytes_max);
  }
  return result;
}

void check_sources(const routing::request_view& request) {
  std::optional<key_result> deciding; // of the sources one by one, the first that is not absent
  std::string key;
  for (const auto& source : sources()) {
    std::string scratch;
    const auto alone = extract({&source, 1}, request, scratch);
    if (const auto plain = expected(source, request)) {
      FUZZ_CHECK(alone.outcome == plain->what);
      if (plain->what == status::found) FUZZ_CHECK(alone.bytes == plain->key);
    }
    if (deciding || alone.outcome == status::absent) continue;
    deciding = alone;
    deciding->source = static_cast<std::size_t>(&source - sources().data());
    key = alone.bytes;
  }
  std::string scratch;
  const auto all = extract(sources(), request, scratch);
  FUZZ_CHECK(deciding.has_value()); // a client's address is always there
  FUZZ_CHECK(all.outcome == deciding->outcome && all.source == deciding->source);
  if (all.outcome == status::found) FUZZ_CHECK(all.bytes == key && all.token == deciding->token);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  http::request_head head;
  if (http::h1::parse_request_head(input.view(), head) != http::refusal::none) return 0;
  routing::request_target target;
  std::string path;
  if (routing::parse_request_target(head.target, target, path) != routing::request_target::status::ok)
    return 0;
  routing::request_view request{"host", target.path, target.query, head.fields, {}};
  const auto peer = *routing::ip_address::parse("10.0.0.1");
  const std::vector trusted{*routing::ip_network::parse("10.0.0.0/8")};
  request.client = routing::derive_client(peer, head.fields, trusted);
  FUZZ_CHECK(routing::ip_address::parse(request.client.to_string()) == request.client);
  FUZZ_CHECK(routing::derive_client(request.client, head.fields, {}) == request.client);
  check_sources(request);
  return 0;
}
