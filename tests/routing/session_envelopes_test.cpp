#include "routing/session_envelopes.hpp"
#include "routing/view.hpp"
#include "tests/routing/test_keys.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace limpet::routing {
namespace {

using kind = envelope_field::kind;
using status = opened_envelopes::status;
using testing::fake_keys;

const fake_keys keys({"new", "old"});
const fake_keys strangers({"other"});
const envelope_tag tag_of_a{1, 2, 3};
const envelope_tag tag_of_b{4, 5, 6};
constexpr std::int64_t now = 784'111'777;

envelope_field header(std::string name, forged_envelope forged = forged_envelope::refuse) {
  return {"app", kind::header, std::move(name), forged};
}
envelope_field cookie(std::string name, forged_envelope forged = forged_envelope::refuse) {
  return {"app", kind::cookie, std::move(name), forged};
}

std::string seal(std::string_view value, const envelope_field& field, const envelope_tag& tag = tag_of_a,
                 const token_keys& by = keys) {
  std::string out(value), scratch;
  append_seal(out, value, tag, field, by, scratch);
  return out;
}

std::string text_of(const std::vector<header_field>& fields) {
  std::string out;
  for (const header_field& field : fields)
    out.append(field.name).append(": ").append(field.value).append("\n");
  return out;
}

class opening : public ::testing::Test {
protected:
  /// The fields that are left, one a line, or why the request is refused.
  std::string open(std::vector<std::string> lines) {
    lines_ = std::move(lines);
    std::vector<header_field> fields;
    for (const std::string_view line : lines_) {
      const auto colon = line.find(": ");
      fields.push_back({line.substr(0, colon), line.substr(colon + 2), 7});
    }
    open_envelopes(envelopes_, fields, value_bytes_max_, keys, opened_);
    constexpr std::string_view outcomes[] = {"ok", "repeated", "too_long", "forged"};
    if (opened_.outcome != status::ok)
      return std::string(outcomes[static_cast<std::size_t>(opened_.outcome)]);
    for (const header_field& field : fields)
      EXPECT_EQ(field.known, 7);
    return text_of(fields);
  }
  /// State, value and member of an envelope's verdict.
  std::string verdict(std::size_t i = 0) const {
    const envelope_verdict& v = opened_.verdicts.at(i);
    std::string out(to_string(v.state));
    if (!v.value.empty()) out.append(" ").append(v.value);
    if (v.tag == tag_of_a) out.append(" a");
    if (v.tag == tag_of_b) out.append(" b");
    return out;
  }

  std::vector<envelope_field> envelopes_;
  std::size_t value_bytes_max_ = 1024;
  std::vector<std::string> lines_;
  opened_envelopes opened_;
};

// -- headers -----------------------------------------------------------

TEST_F(opening, a_header_is_bare_afterwards) {
  envelopes_ = {header("S")};
  EXPECT_EQ(open({"A: 1", "s: " + seal("v", header("S")), "B: 2"}), "A: 1\ns: v\nB: 2\n");
  EXPECT_EQ(verdict(), "valid v a");
}

TEST_F(opening, a_header_without_a_tag_or_a_value_stays) {
  envelopes_ = {header("S")};
  EXPECT_EQ(open({"S: v"}), "S: v\n");
  EXPECT_EQ(verdict(), "bare v");
  EXPECT_EQ(open({"S: "}), "S: \n");
  EXPECT_EQ(verdict(), "none");
  EXPECT_EQ(open({"T: v"}), "T: v\n");
  EXPECT_EQ(verdict(), "none");
}

TEST_F(opening, a_repeated_header_is_refused_whatever_it_says) {
  envelopes_ = {header("S")};
  const std::string good = "S: " + seal("v", header("S"));
  EXPECT_EQ(open({good, good}), "repeated");
  EXPECT_EQ(open({"S: a", "s: a"}), "repeated");
  EXPECT_EQ(open({"S: ", good}), "repeated");
}

TEST_F(opening, a_forged_header_is_refused_or_bare) {
  const std::string bad = "S: " + seal("v", header("S"), tag_of_a, strangers);
  envelopes_ = {header("S")};
  EXPECT_EQ(open({bad}), "forged");
  EXPECT_EQ(verdict(), "forged v");
  envelopes_ = {header("S", forged_envelope::place)};
  EXPECT_EQ(open({bad}), "S: v\n");
  EXPECT_EQ(verdict(), "forged v");
}

TEST_F(opening, a_long_value_is_not_even_tried) {
  envelopes_ = {header("S"), cookie("S")};
  value_bytes_max_ = 10;
  const std::string fits(10, 'v'), does_not(11, 'v');
  EXPECT_EQ(open({"S: " + seal(fits, header("S"))}), "S: " + fits + "\n");
  EXPECT_EQ(open({"S: " + seal(does_not, header("S"))}), "too_long");
  EXPECT_EQ(open({"Cookie: S=" + seal(does_not, cookie("S"))}), "too_long");
  const std::string long_and_bare(1000, 'v');
  EXPECT_EQ(open({"S: " + long_and_bare}), "S: " + long_and_bare + "\n");
  EXPECT_EQ(verdict(), "bare " + long_and_bare);
}

// -- cookies -----------------------------------------------------------

TEST_F(opening, only_the_tag_is_cut_out_of_a_cookie_field) {
  envelopes_ = {cookie("S")};
  const std::string v = seal("v", cookie("S"));
  const std::string cases[][2] = {
      {"S=" + v, "S=v"},
      {"a=1; S=" + v + "; b=2", "a=1; S=v; b=2"},
      {"a=1;S=" + v + ";b=2", "a=1;S=v;b=2"},
      {" \tS = " + v + " ;  b", " \tS = v ;  b"},
      {"S=\"" + v + "\"; b=\"x\"", "S=\"v\"; b=\"x\""},
      {";;S=" + v + ";", ";;S=v;"},
      {"; ;a; S=" + v + "; =;;", "; ;a; S=v; =;;"},
      {"s=" + v + "; S=" + v + "; xS=" + v, "s=" + v + "; S=v; xS=" + v},
      {"S" + v + "; S=" + v, "S" + v + "; S=v"},
  };
  for (const auto& [sent, forwarded] : cases) {
    EXPECT_EQ(open({"A: 1", "Cookie: " + sent, "cOOKIE: x=y; ;", "B: 2"}),
              "A: 1\nCookie: " + forwarded + "\ncOOKIE: x=y; ;\nB: 2\n");
    EXPECT_EQ(verdict(), "valid v a");
  }
}

TEST_F(opening, cookies_without_a_tag_stay_as_they_are) {
  envelopes_ = {cookie("S")};
  for (const std::string sent : {"S=v", "a=1; S=v; S=w;", "S=; S", "", ";", "S=\"\""}) {
    EXPECT_EQ(open({"Cookie: " + sent}), "Cookie: " + sent + "\n");
    EXPECT_TRUE(opened_.verdicts[0].state <= envelope_state::bare);
  }
}

TEST_F(opening, of_several_cookies_the_first_valid_one_is_all_that_the_member_reads) {
  envelopes_ = {cookie("S")};
  const std::string v = "S=" + seal("v", cookie("S")), w = "S=" + seal("w", cookie("S"), tag_of_b);
  const std::string bad = "S=" + seal("bad", cookie("S"), tag_of_a, strangers);
  const std::string cases[][3] = {
      {v + "; " + w, "S=v", "valid v a"},
      {w + "; " + v, "S=w", "valid w b"},
      {"S=bare; " + v, "S=v", "valid v a"},
      {"S=bare; a=1; " + v + "; b=2", "a=1; S=v; b=2", "valid v a"},
      {"a=1; S=; " + v + "; S=bare; b=2; " + bad, "a=1; S=v; b=2", "valid v a"},
      {bad + "; " + v + "; " + bad, "S=v", "valid v a"},
      {"S=; a=; " + v + "; =; b=\"\"; S=\"\"; c", "a=; S=v; =; b=\"\"; c", "valid v a"},
      {bad + ";" + bad + ";" + w + ";", "S=w;", "valid w b"},
  };
  for (const auto& [sent, forwarded, wanted] : cases) {
    EXPECT_EQ(open({"Cookie: " + sent}), "Cookie: " + forwarded + "\n") << sent;
    EXPECT_EQ(verdict(), wanted);
  }
}

/// A search through all edits for each cookie would take hours.
TEST_F(opening, a_head_full_of_cookies_of_the_name_costs_no_more_than_its_length) {
  envelopes_ = {cookie("S")};
  std::string sent;
  for (int i = 0; i < 1'000'000; ++i)
    sent += "S=;";
  EXPECT_EQ(open({"Cookie: " + sent + "S=" + seal("v", cookie("S")) + ";" + sent}), "Cookie: S=v;\n");
  EXPECT_EQ(verdict(), "valid v a");
}

TEST_F(opening, a_cookie_field_that_has_none_left_goes) {
  envelopes_ = {cookie("S")};
  const std::string v = "S=" + seal("v", cookie("S"));
  EXPECT_EQ(open({"Cookie: S=bare", "A: 1", "Cookie: a=1; " + v, "Cookie: S=x; S=y", "Cookie: "}),
            "A: 1\nCookie: a=1; S=v\nCookie: \n");
}

TEST_F(opening, forged_cookies_are_refused_or_bare) {
  const std::string bad = "S=" + seal("bad", cookie("S"), tag_of_a, strangers);
  const std::string moved = "S=moved" + seal("v", cookie("S")).substr(1);
  envelopes_ = {cookie("S")};
  for (const std::string& sent : {bad, moved, "S=bare; " + bad, "a=1; " + moved + "; S=bare"})
    EXPECT_EQ(open({"Cookie: " + sent}), "forged") << sent;
  envelopes_ = {cookie("S", forged_envelope::place)};
  EXPECT_EQ(open({"Cookie: S=bare; " + bad + "; a=1; " + moved}), "Cookie: S=bare; S=bad; a=1; S=moved\n");
  EXPECT_EQ(verdict(), "forged bad");
}

TEST_F(opening, so_many_tags_of_one_name_are_nobodys_session) {
  envelopes_ = {cookie("S", forged_envelope::place)};
  std::string sent;
  for (std::size_t i = 0; i < sealed_cookies_max; ++i)
    sent += "S=" + seal("bad", cookie("S"), tag_of_a, strangers) + "; S=bare; ";
  EXPECT_NE(open({"Cookie: " + sent}), "repeated");
  EXPECT_EQ(open({"Cookie: " + sent + "S=" + seal("v", cookie("S"))}), "repeated");
}

// -- several envelopes ---------------------------------------------------

TEST_F(opening, all_are_opened_whichever_decides) {
  envelopes_ = {header("H"), cookie("S"), cookie("T", forged_envelope::place)};
  const std::string s = "S=" + seal("s", cookie("S"), tag_of_b), t = "T=" + seal("t", cookie("T"));
  const std::string not_s = "T=" + seal("x", cookie("S"));
  EXPECT_EQ(open({"Cookie: " + s + "; " + not_s + "; " + t + "; a=1", "H: " + seal("h", header("H"))}),
            "Cookie: S=s; T=t; a=1\nH: h\n");
  EXPECT_EQ(verdict(0), "valid h a");
  EXPECT_EQ(verdict(1), "valid s b");
  EXPECT_EQ(verdict(2), "valid t a");
  EXPECT_EQ(open({"Cookie: " + t + "; S=1", "Cookie: " + s}), "Cookie: T=t\nCookie: S=s\n");
  EXPECT_EQ(verdict(0), "none");
  EXPECT_EQ(
      open({"H: " + seal("h", header("H")), "Cookie: S=" + seal("s", cookie("S"), tag_of_a, strangers)}),
      "forged");
  EXPECT_EQ(opened_.field, 1u);
}

// -- answers -------------------------------------------------------------

class sealing : public ::testing::Test {
protected:
  /// The fields as the client gets them, one a line.
  std::string seal_all(std::vector<std::string> lines) {
    lines_ = std::move(lines);
    std::vector<header_field> fields;
    for (const std::string_view line : lines_) {
      const auto colon = line.find(": ");
      fields.push_back({line.substr(0, colon), line.substr(colon + 2), 7});
    }
    counts_ = seal_envelopes(envelopes_, fields, {tag_of_a, value_bytes_max_, now}, keys, text_, scratch_);
    return text_of(fields);
  }
  void expect_counts(unsigned sealed, unsigned too_long, unsigned unfit) const {
    EXPECT_EQ(counts_.sealed, sealed);
    EXPECT_EQ(counts_.too_long, too_long);
    EXPECT_EQ(counts_.unfit, unfit);
  }

  std::vector<envelope_field> envelopes_{header("H"), cookie("S")};
  std::size_t value_bytes_max_ = 1024;
  std::vector<std::string> lines_;
  std::string text_, scratch_;
  sealed_envelopes counts_;
};

TEST_F(sealing, values_of_the_field_and_no_other) {
  const std::string h = seal("1", header("H")), s = seal("2", cookie("S"));
  EXPECT_EQ(seal_all({"A: 1", "h: 1", "Set-Cookie: S=2; Path=/; HttpOnly", "Set-Cookie: T=2",
                      "set-cookie: S=2", "Cookie: S=2", "Location: /?S=2"}),
            "A: 1\nh: " + h + "\nSet-Cookie: S=" + s + "; Path=/; HttpOnly\nSet-Cookie: T=2\nset-cookie: S=" +
                s + "\nCookie: S=2\nLocation: /?S=2\n");
  expect_counts(3, 0, 0);
}

TEST_F(sealing, what_stands_around_a_cookies_value_stays) {
  const std::string v = seal("v", cookie("S"));
  EXPECT_EQ(seal_all({"Set-Cookie:  S = \"v\" ; x; Max-Age=5;;"}),
            "Set-Cookie:  S = \"" + v + "\" ; x; Max-Age=5;;\n");
  expect_counts(1, 0, 0);
}

TEST_F(sealing, what_is_empty_or_taken_away_goes_as_it_is) {
  const std::vector<std::string> lines{
      "H: ",
      "Set-Cookie: S=; Path=/",
      "Set-Cookie: S=\"\"",
      "Set-Cookie: S",
      "Set-Cookie: S=gone; Max-Age=0",
      "Set-Cookie: S=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
      "Set-Cookie: s=1; S=2",
  };
  std::string all;
  for (const std::string& line : lines)
    all += line + "\n";
  EXPECT_EQ(seal_all(lines), all);
  expect_counts(0, 0, 0);
}

TEST_F(sealing, what_cannot_get_an_envelope_is_counted) {
  value_bytes_max_ = 5000;
  const std::string fits(4096 - 1 - envelope_suffix_size, 'v'), does_not = fits + "v";
  EXPECT_EQ(seal_all({"Set-Cookie: S=" + fits}), "Set-Cookie: S=" + seal(fits, cookie("S")) + "\n");
  EXPECT_EQ(seal_all({"Set-Cookie: S=" + does_not}), "Set-Cookie: S=" + does_not + "\n");
  expect_counts(0, 1, 0);
  EXPECT_EQ(seal_all({"H: " + does_not}), "H: " + seal(does_not, header("H")) + "\n")
      << "no header has that limit";
  value_bytes_max_ = 3;
  EXPECT_EQ(seal_all({"H: abc", "Set-Cookie: S=abcd", "h: abcd"}),
            "H: " + seal("abc", header("H")) + "\nSet-Cookie: S=abcd\nh: abcd\n");
  expect_counts(1, 2, 0);
  EXPECT_EQ(seal_all({"H: a b", "Set-Cookie: S=a,b", "H: \xc3\xa4"}),
            "H: a b\nSet-Cookie: S=a,b\nH: \xc3\xa4\n");
  expect_counts(0, 0, 3);
}

TEST_F(sealing, tells_which_value_names_the_session) {
  const auto told = [&](std::vector<std::string> lines) {
    seal_all(std::move(lines));
    return std::pair(counts_.envelope, counts_.key_hash);
  };
  const auto h = std::pair(std::size_t{0}, hash_bytes("h")), s = std::pair(std::size_t{1}, hash_bytes("s"));
  EXPECT_EQ(told({"H: h"}), h);
  EXPECT_EQ(told({"Set-Cookie: S=\"s\"; Path=/"}), s);
  EXPECT_EQ(told({"H: h", "Set-Cookie: S=s"}), h) << "the first envelope counts";
  EXPECT_EQ(told({"Set-Cookie: S=s", "H: h"}), h) << "wherever it stands";
  EXPECT_EQ(told({"Set-Cookie: S=1", "Set-Cookie: S=s"}), s) << "what is set last is kept";
  EXPECT_EQ(told({"H: not sealed", "Set-Cookie: S=s"}), s);
  EXPECT_EQ(told({"H: not sealed", "Set-Cookie: S=; Path=/"}).first, sealed_envelopes::nothing);
  EXPECT_EQ(told({"A: 1"}).first, sealed_envelopes::nothing);
}

TEST_F(sealing, many_values_each_get_their_own) {
  std::vector<std::string> lines;
  std::string wanted;
  for (int i = 0; i < 100; ++i) {
    const std::string value = "value-" + std::to_string(i);
    lines.push_back("Set-Cookie: S=" + value + "; Path=/" + std::to_string(i));
    wanted += "Set-Cookie: S=" + seal(value, cookie("S")) + "; Path=/" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(seal_all(lines), wanted);
  expect_counts(100, 0, 0);
}

TEST_F(sealing, what_was_sealed_opens) {
  std::vector<header_field> fields{{"H", "1"}, {"Set-Cookie", "S=\"2\"; Path=/"}};
  seal_envelopes(envelopes_, fields, {tag_of_b, 1024, now}, keys, text_, scratch_);
  const std::string back(fields[1].value.substr(0, fields[1].value.find(';')));
  fields = {{"H", fields[0].value}, {"Cookie", back}};
  opened_envelopes opened;
  open_envelopes(envelopes_, fields, 1024, keys, opened);
  EXPECT_EQ(opened.outcome, status::ok);
  EXPECT_EQ(text_of(fields), "H: 1\nCookie: S=\"2\"\n");
  for (const envelope_verdict& v : opened.verdicts) {
    EXPECT_EQ(v.state, envelope_state::valid);
    EXPECT_EQ(v.tag, tag_of_b);
  }
}

} // namespace
} // namespace limpet::routing
