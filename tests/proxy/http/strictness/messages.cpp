#include "tests/proxy/http/strictness/messages.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace limpet::strictness {

namespace {

struct malformed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

void check(bool holds, std::string_view what, std::string_view where) {
  if (!holds) throw malformed(std::string(what) + ": " + escaped(where));
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

void check_field(std::string_view line) {
  const auto colon = line.find(':');
  check(colon != std::string_view::npos && colon > 0, "no field name", line);
  const auto name = line.substr(0, colon);
  const bool is_token = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
  });
  check(is_token && !has_control(line), "malformed field", line);
}

/// Bytes that are read from the front; a read past what has come says so.
struct rest_of {
  std::string_view text;
  bool is_short = false;

  std::string_view take(std::size_t count) {
    if (text.size() < count) is_short = true;
    const auto taken = text.substr(0, count);
    text.remove_prefix(taken.size());
    return taken;
  }
  std::string_view line() {
    const auto end = text.find("\r\n");
    if (end == std::string_view::npos) is_short = true;
    const auto taken = take(std::min(end, text.size()));
    if (!is_short) take(2);
    check(!has_control(taken) || (is_short && taken.ends_with('\r')), "control character", taken);
    return taken;
  }
};

std::size_t number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto* end = text.data() + text.size();
  const auto is_digit = [&](unsigned char c) { return base == 10 ? std::isdigit(c) : std::isxdigit(c); };
  check(!text.empty() && std::all_of(text.begin(), text.end(), is_digit) &&
            std::from_chars(text.data(), end, value, base).ptr == end,
        "not a number", text);
  return value;
}

void read_chunks(rest_of& rest, message& m) {
  for (;;) {
    const auto line = rest.line();
    if (rest.is_short) return;
    const auto size = number(line, 16);
    if (size == 0) break;
    m.body += rest.take(size);
    const auto end = rest.take(2);
    if (rest.is_short) return;
    check(end == "\r\n", "a chunk without its end", end);
  }
  for (auto line = rest.line(); !rest.is_short && !line.empty(); line = rest.line()) {
    check_field(line);
    m.lines.emplace_back(line);
  }
}

/// False where the head is not whole.
bool read_head(rest_of& rest, message& m) {
  m.first_line = rest.line();
  for (auto line = rest.line(); !rest.is_short && !line.empty(); line = rest.line()) {
    check_field(line);
    m.lines.emplace_back(line);
  }
  return !rest.is_short;
}

/// True where the head told how long the content is.
bool read_content(rest_of& rest, message& m) {
  const auto lengths = m.count_of("Content-Length"), codings = m.count_of("Transfer-Encoding");
  check(lengths + codings <= 1, "more than one framing", m.first_line);
  if (codings) {
    check(m.value_of("Transfer-Encoding") == "chunked", "coding", m.value_of("Transfer-Encoding"));
    read_chunks(rest, m);
  } else if (lengths) {
    m.body += rest.take(number(m.value_of("Content-Length"), 10));
  }
  return lengths + codings > 0;
}

template <class Read>
message guarded(std::string_view bytes, Read read) {
  message m;
  rest_of rest{bytes};
  try {
    read(rest, m);
    m.is = rest.is_short ? message::state::unfinished : message::state::whole;
    m.size = bytes.size() - rest.text.size();
  } catch (const malformed& e) {
    m.is = message::state::malformed;
    m.trouble = e.what();
  }
  return m;
}

} // namespace

std::size_t message::count_of(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(lines.begin(), lines.end(), [&](std::string_view line) {
    return same_name(line.substr(0, line.find(':')), name);
  }));
}

std::string message::value_of(std::string_view name) const {
  for (const std::string_view line : lines)
    if (same_name(line.substr(0, line.find(':')), name))
      return std::string(trimmed(line.substr(name.size() + 1)));
  return {};
}

message read_request(std::string_view bytes) {
  return guarded(bytes, [](rest_of& rest, message& m) {
    if (!read_head(rest, m)) return;
    const auto first = m.first_line.find(' '), last = m.first_line.rfind(' ');
    check(first != last && m.first_line.find(' ', first + 1) == last && m.first_line.ends_with(" HTTP/1.1"),
          "not a request line", m.first_line);
    check(m.count_of("Host") == 1, "not one Host", m.first_line);
    read_content(rest, m);
  });
}

message read_answer(std::string_view bytes, std::string_view method, bool has_ended) {
  return guarded(bytes, [&](rest_of& rest, message& m) {
    if (!read_head(rest, m)) return;
    const std::string_view line = m.first_line;
    check(line.size() >= 13 && line.starts_with("HTTP/1.1 ") && line[12] == ' ', "not a status line", line);
    m.status = static_cast<unsigned>(number(line.substr(9, 3), 10));
    const bool has_none = m.status < 200 || m.status == 204;
    check(!has_none || m.count_of("Content-Length") + m.count_of("Transfer-Encoding") == 0,
          "framing where there is no content", line);
    if (has_none || m.status == 304 || method == "HEAD") return;
    if (read_content(rest, m)) return;
    m.body += rest.take(rest.text.size());
    rest.is_short = !has_ended;
  });
}

arrived_request arrived(const message& request) {
  const auto first = request.first_line.find(' '), last = request.first_line.rfind(' ');
  return {request.first_line.substr(0, first), request.first_line.substr(first + 1, last - first - 1),
          request.value_of("Host"), request.body};
}

} // namespace limpet::strictness
