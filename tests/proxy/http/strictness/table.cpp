#include "tests/proxy/http/strictness/table.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace limpet::strictness {

namespace {

constexpr std::string_view ordinary_request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

char hex_byte(std::string_view digits) {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  if (digits.size() != 2 || std::from_chars(digits.data(), end, value, 16).ptr != end)
    throw std::runtime_error("\\x wants two hexadecimal digits");
  return static_cast<char>(value);
}

/// Behind "\(": the text, "*", how often, ")".
std::string repeated(std::string_view& text) {
  const auto close = text.find(')');
  const auto star = text.substr(0, close).rfind('*');
  if (close == std::string_view::npos || star == std::string_view::npos)
    throw std::runtime_error("\\( wants *, a number and )");
  std::size_t count = 0;
  std::from_chars(text.data() + star + 1, text.data() + close, count);
  const auto once = unescaped(text.substr(0, star));
  text.remove_prefix(close + 1);
  std::string all;
  for (std::size_t i = 0; i < count; ++i)
    all += once;
  return all;
}

/// Reads one file, line by line.
class reader {
public:
  explicit reader(const std::filesystem::path& file)
      : is_answers_(file.parent_path().filename() == "answers") {
    family_.name = file.stem().string();
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot be read");
  }

  void take(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty() || line.starts_with('#')) return;
    const auto space = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, space);
    const auto rest = line.substr(std::min(space + 1, line.size()));
    if (word == "rfc") {
      end_case();
      rfc_ = rest;
      return;
    }
    if (word == "case") {
      end_case();
      is_open_ = true;
      auto& c = family_.cases.emplace_back();
      c.name = rest;
      c.rfc = rfc_;
      return;
    }
    if (!is_open_) throw std::runtime_error("a line that belongs to no case");
    set(family_.cases.back(), word, rest);
  }

  family result() {
    end_case();
    return std::move(family_);
  }

private:
  static void set(table_case& c, std::string_view word, std::string_view rest) {
    if (word == ">")
      c.sent += unescaped(rest);
    else if (word == "<")
      c.answer += unescaped(rest);
    else if (word == "closes")
      c.end = member_end::closes;
    else if (word == "client")
      c.client = rest;
    else if (word == "body")
      c.body = unescaped(rest), c.has_body = true;
    else if (word == "member")
      c.member.push_back(request_of(rest));
    else if (word == "begins")
      c.may_begin = true;
    else if (word == "has")
      c.has.push_back(unescaped(rest));
    else if (word == "lacks")
      c.lacks.emplace_back(rest);
    else if (word == "dropped")
      c.is_reused = false;
    else if (word != "llhttp") // for the other reader
      throw std::runtime_error("unknown word: " + std::string(word));
  }

  /// METHOD TARGET HOST BODY; "-" for an empty host.
  static arrived_request request_of(std::string_view text) {
    std::istringstream words{std::string(text)};
    arrived_request r;
    std::string body;
    words >> r.method >> r.target >> r.host >> body;
    if (r.host.empty()) throw std::runtime_error("member wants a method, a target and a host");
    if (r.host == "-") r.host.clear();
    r.target = unescaped(r.target);
    r.host = unescaped(r.host);
    r.body = unescaped(body);
    return r;
  }

  void end_case() {
    if (!std::exchange(is_open_, false)) return;
    auto& c = family_.cases.back();
    if (c.sent.empty() && is_answers_) c.sent = ordinary_request;
    if (c.rfc.empty() || c.client.empty() || c.sent.empty() || (is_answers_ && c.answer.empty()))
      throw std::runtime_error("case " + c.name + " lacks a line");
  }

  bool is_answers_;
  bool is_open_ = false; ///< the last case may have more lines
  std::string rfc_;      ///< of the cases to come
  family family_;
};

family read_family(const std::filesystem::path& file) {
  std::size_t number = 0;
  try {
    reader read(file);
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      ++number;
      read.take(line);
    }
    return read.result();
  } catch (const std::exception& e) {
    throw std::runtime_error(file.string() + ":" + std::to_string(number) + ": " + e.what());
  }
}

} // namespace

std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    if (text.empty()) throw std::runtime_error("a lone backslash");
    const char kind = text.front();
    text.remove_prefix(1);
    constexpr std::string_view letters = "rnt0\\", meant("\r\n\t\0\\", 5);
    if (const auto at = letters.find(kind); at != std::string_view::npos) {
      out += meant[at];
    } else if (kind == 'x') {
      out += hex_byte(text.substr(0, 2));
      text.remove_prefix(2);
    } else if (kind == '(') {
      out += repeated(text);
    } else {
      throw std::runtime_error(std::string("unknown escape \\") + kind);
    }
  }
  return out;
}

std::string escaped(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r')
      out += "\\r";
    else if (c == '\n')
      out += "\\n";
    else if (byte < 0x20 || byte >= 0x7f || c == '\\')
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    else
      out += c;
  }
  return out;
}

std::vector<family> read_table(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<family> all;
  for (const auto& file : files)
    all.push_back(read_family(file));
  return all;
}

} // namespace limpet::strictness
