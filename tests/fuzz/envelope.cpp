// Envelopes: what was sealed opens, what was changed does not, and one tag has one text. Of a request only
// tags and other cookies of the name are taken out; of an answer only the values change.
//
// Each line of the input is a field: "C" begins a Cookie, "S" a Set-Cookie, all else the header's value. '@'
// stands for the tag of the value before it, '^' for one that another key made.

#include "routing/cookie.hpp"
#include "routing/cookie_date.hpp"
#include "routing/session_envelopes.hpp"
#include "tests/fuzz/support.hpp"
#include "tests/routing/test_keys.hpp"

#include <algorithm>
#include <list>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using routing::envelope_field;
using routing::envelope_state;
using routing::header_field;
using status = routing::opened_envelopes::status;

constexpr std::int64_t now = 784'111'777;
constexpr std::size_t value_bytes_max = 100;
const routing::envelope_tag tag{1, 2, 3};

const routing::testing::fake_keys& ring() {
  static const routing::testing::fake_keys keys({"new", "old"});
  return keys;
}

const std::vector<envelope_field>& envelopes() {
  static const std::vector<envelope_field> all{
      {"app", envelope_field::kind::header, "H", routing::forged_envelope::place},
      {"app", envelope_field::kind::cookie, "s", routing::forged_envelope::place},
      {"app", envelope_field::kind::cookie, "t", routing::forged_envelope::refuse},
  };
  return all;
}

std::string sealed(std::string_view value, const envelope_field& field, const routing::token_keys& keys) {
  std::string out(value), scratch;
  routing::append_seal(out, value, tag, field, keys, scratch);
  return out;
}

/// Any text: whatever is accepted is what one of the keys makes of the value.
void check_text(std::string_view text) {
  for (const auto& field : envelopes()) {
    std::string scratch;
    const auto verdict = routing::open_envelope(text, field, ring(), scratch);
    FUZZ_CHECK((verdict.state == envelope_state::none) == text.empty());
    FUZZ_CHECK((verdict.state > envelope_state::bare) == routing::looks_sealed(text));
    if (verdict.state == envelope_state::bare) FUZZ_CHECK(verdict.value == text);
    if (verdict.state != envelope_state::valid) continue;
    const routing::testing::fake_keys old_key({"old"});
    std::string one(verdict.value), other(verdict.value);
    routing::append_seal(one, verdict.value, verdict.tag, field, ring(), scratch);
    routing::append_seal(other, verdict.value, verdict.tag, field, old_key, scratch);
    FUZZ_CHECK(text == one || text == other);
  }
}

/// A value made of the bytes, and its text with one character replaced by another of the bytes.
void check_sealed(std::string_view bytes) {
  if (bytes.size() < 2) return;
  const auto value = bytes.substr(2);
  const auto& field = envelopes().front();
  auto text = sealed(value, field, ring());
  FUZZ_CHECK(text.size() == value.size() + routing::envelope_suffix_size);
  std::string scratch;
  const auto read = routing::open_envelope(text, field, ring(), scratch);
  FUZZ_CHECK(read.state == envelope_state::valid && read.value == value && read.tag == tag);
  const auto at = static_cast<unsigned char>(bytes[0]) % text.size();
  const bool changed = text[at] != bytes[1];
  text[at] = bytes[1];
  FUZZ_CHECK((routing::open_envelope(text, field, ring(), scratch).state == envelope_state::valid) !=
             changed);
}

/// A line with its tags written out.
std::string written_out(std::string_view line, const envelope_field& field) {
  static const routing::testing::fake_keys strangers({"other"});
  std::string out;
  for (const char c : line) {
    if (c != '@' && c != '^') {
      out.push_back(c);
      continue;
    }
    const auto before = out.find_last_of("=;\" \t");
    const auto value = out.substr(before == out.npos ? 0 : before + 1);
    std::string scratch;
    if (c == '@')
      routing::append_seal(out, value, tag, field, ring(), scratch);
    else
      routing::append_seal(out, value, tag, field, strangers, scratch);
  }
  return out;
}

struct message {
  std::list<std::string> texts;
  std::vector<header_field> fields;

  explicit message(std::string_view bytes) {
    while (!bytes.empty()) {
      auto line = take_line(bytes);
      const char first = line.empty() ? 'h' : line.front();
      if (first == 'C' || first == 'S') line.remove_prefix(1);
      const bool is_t = line.find("t=") < line.find("s=");
      texts.push_back(written_out(trim(line), envelopes()[first != 'C' && first != 'S' ? 0 : is_t ? 2 : 1]));
      const std::string_view name = first == 'C' ? "cookie" : first == 'S' ? "Set-Cookie" : "h";
      fields.push_back({name, texts.back()});
    }
  }
};

/// The pairs of all Cookie fields whose name is none of an envelope's, as they stand but for what is around
/// them.
std::vector<std::string> other_pairs(const std::vector<header_field>& fields) {
  std::vector<std::string> out;
  for (const auto& field : fields) {
    if (lower(field.name) != "cookie") continue;
    for (const auto pair : cut(field.value, ';')) {
      const auto name = trim(pair.substr(0, pair.find('=')));
      const bool is_ours = pair.find('=') != pair.npos && (name == "s" || name == "t");
      if (!is_ours && !trim(pair).empty()) out.emplace_back(trim(pair));
    }
  }
  return out;
}

std::vector<std::string_view> cookies_of(const std::vector<header_field>& fields, std::string_view name) {
  std::vector<std::string_view> out;
  for (const auto& field : fields) {
    std::string_view list = field.value;
    routing::cookie_pair pair;
    while (lower(field.name) == "cookie" && routing::take_cookie_pair(list, pair))
      if (pair.is_pair && pair.name == name) out.push_back(pair.value);
  }
  return out;
}

/// As the member reads it: what stood before the tag may end in white space, or be quoted by itself.
std::string_view without_tag(std::string_view value) {
  if (!routing::looks_sealed(value)) return value;
  value = trim(value.substr(0, value.size() - routing::envelope_suffix_size));
  const bool is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return is_quoted ? value.substr(1, value.size() - 2) : value;
}

void check_request(std::string_view bytes) {
  message sent(bytes);
  const auto before = sent.fields;
  routing::opened_envelopes opened;
  routing::open_envelopes(envelopes(), sent.fields, value_bytes_max, ring(), opened);
  FUZZ_CHECK(opened.verdicts.size() == envelopes().size());
  if (opened.outcome != status::ok) return;
  FUZZ_CHECK(other_pairs(before) == other_pairs(sent.fields));
  FUZZ_CHECK(opened.verdicts[2].state != envelope_state::forged);
  for (std::size_t i = 1; i < envelopes().size(); ++i) {
    const auto was = cookies_of(before, envelopes()[i].name);
    const auto is = cookies_of(sent.fields, envelopes()[i].name);
    const auto& verdict = opened.verdicts[i];
    FUZZ_CHECK(verdict.value.size() <= value_bytes_max || verdict.state == envelope_state::bare);
    if (verdict.state == envelope_state::valid) {
      FUZZ_CHECK(is.size() == 1 && is[0] == verdict.value);
      continue;
    }
    FUZZ_CHECK(is.size() == was.size());
    for (std::size_t c = 0; c < is.size(); ++c)
      FUZZ_CHECK(is[c] == without_tag(was[c]));
  }
  for (const auto& field : sent.fields)
    if (field.name == "h") FUZZ_CHECK(field.value == opened.verdicts[0].value);
}

void check_answer(std::string_view bytes) {
  message answered(bytes);
  const auto before = answered.fields;
  std::string text, scratch;
  const auto counts = routing::seal_envelopes(envelopes(), answered.fields, {tag, value_bytes_max, now},
                                              ring(), text, scratch);
  FUZZ_CHECK(before.size() == answered.fields.size());
  unsigned changed = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto was = before[i].value, is = answered.fields[i].value;
    if (was == is) continue;
    ++changed;
    FUZZ_CHECK(is.size() == was.size() + routing::envelope_suffix_size);
    // The client sends back what stands before the attributes.
    const bool is_header = before[i].name == "h";
    std::vector<header_field> back{{is_header ? "H" : "Cookie", is_header ? is : is.substr(0, is.find(';'))}};
    const std::string bare(is_header ? was : was.substr(0, was.find(';')));
    routing::opened_envelopes opened;
    routing::open_envelopes(envelopes(), back, value_bytes_max, ring(), opened);
    FUZZ_CHECK(opened.outcome == status::ok && back.size() == 1 && trim(back[0].value) == trim(bare));
    FUZZ_CHECK(
        std::ranges::count(opened.verdicts, envelope_state::valid, &routing::envelope_verdict::state) == 1);
  }
  FUZZ_CHECK(changed == counts.sealed);
}

void check_date(std::string_view text) {
  const auto at = routing::parse_cookie_date(text);
  if (at) FUZZ_CHECK(*at >= -11'644'473'600 && *at < 253'402'300'800);
  const std::string expires = "; Expires=" + std::string(text);
  if (text.find_first_of(";=") == text.npos)
    FUZZ_CHECK(routing::deletes_cookie(expires, now) == (at && *at <= now));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const exact_bytes input({reinterpret_cast<const char*>(data), size});
  check_text(input.view());
  check_sealed(input.view());
  check_request(input.view());
  check_answer(input.view());
  check_date(input.view());
  return 0;
}
