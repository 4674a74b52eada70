// A stream from etcd: an HTTP answer whose body is lines of JSON. What is read depends on no packet's size.

#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/http_response.hpp"
#include "proxy/membership/etcd/line_splitter.hpp"
#include "tests/fuzz/support.hpp"

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

constexpr std::size_t body_bytes_max = 4096;
constexpr std::size_t line_bytes_max = 512;

struct reading {
  bool failed = false;
  bool done = false;
  unsigned status = 0;
  std::string body;
  friend bool operator==(const reading&, const reading&) = default;
};

reading read_http(std::string_view bytes, const split& pieces) {
  etcd::http_response response(body_bytes_max);
  reading out;
  std::size_t at = 0;
  for (const auto piece : pieces) {
    const exact_bytes come(bytes.substr(at, piece));
    at += piece;
    out.failed = out.failed || !response.append(come.view());
    if (out.failed) return {true, false, 0, {}}; // the connection is of no use
  }
  out.failed = !response.append_end();
  out.done = response.is_done();
  FUZZ_CHECK(out.failed == !out.done);
  if (response.has_head()) out.status = response.status();
  out.body = response.take_body();
  FUZZ_CHECK(out.body.size() <= body_bytes_max);
  return out;
}

std::vector<std::string> lines_of(std::string_view bytes, const split& pieces) {
  etcd::line_splitter splitter(line_bytes_max);
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (const auto piece : pieces) {
    const exact_bytes come(bytes.substr(at, piece));
    at += piece;
    if (!splitter.append(come.view())) break;
    while (const auto line = splitter.next())
      lines.emplace_back(*line);
  }
  return lines;
}

/// The lines that are there, empty ones left out: as many of them as the limit allows.
void check_lines(std::string_view body) {
  std::vector<std::string> plain;
  bool too_long = false;
  std::string_view rest = body;
  for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
    too_long = too_long || end > line_bytes_max;
    if (rest.substr(0, end).find_first_not_of(" \t\r") != rest.npos) plain.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  too_long = too_long || rest.size() > line_bytes_max;
  for (const auto& pieces : splits_of(body)) {
    const auto lines = lines_of(body, pieces);
    FUZZ_CHECK(lines.size() <= plain.size() && std::equal(lines.begin(), lines.end(), plain.begin()));
    FUZZ_CHECK(too_long || lines.size() == plain.size());
  }
  for (const auto& line : plain) {
    etcd::decode_watch(line);
    etcd::decode_keep_alive(line);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::optional<reading> first;
  for (const auto& pieces : splits_of(bytes)) {
    const auto read = read_http(bytes, pieces);
    if (!first) first = read;
    FUZZ_CHECK(read == *first);
  }
  check_lines(first->body);
  check_lines(bytes);
  return 0;
}
