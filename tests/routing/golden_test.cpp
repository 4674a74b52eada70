#include "routing/neg_log2.hpp"
#include "routing/rendezvous.hpp"
#include "tests/routing/test_view.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// What was placed once stays placed: every line of tests/golden/placement.txt must come out as it stands
// there.

namespace limpet::routing {
namespace {

std::uint64_t from_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  EXPECT_TRUE(error == std::errc{} && end == text.data() + text.size()) << text;
  return value;
}

/// A text as it stands, or "hex:" and its bytes.
std::string from_golden(const std::string& text) {
  if (!text.starts_with("hex:")) return text;
  std::string bytes;
  for (std::size_t i = 4; i < text.size(); i += 2)
    bytes.push_back(static_cast<char>(from_hex(std::string_view(text).substr(i, 2))));
  return bytes;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(part);
  return parts;
}

void check_hash(std::istream& line) {
  std::string text, hash;
  line >> text >> hash;
  EXPECT_EQ(hash_bytes(from_golden(text)), from_hex(hash)) << text;
}

void check_neg_log2(std::istream& line) {
  std::string score, value;
  line >> score >> value;
  EXPECT_EQ(neg_log2(from_hex(score)), from_hex(value)) << score;
}

void check_placement(std::istream& line) {
  std::string key, members, owner_id, order;
  line >> key >> members >> owner_id >> order;
  std::vector<member> list;
  for (const std::string& part : split(members, ',')) {
    const auto id_and_weight = split(part, ':');
    ASSERT_EQ(id_and_weight.size(), 2u) << part;
    list.push_back(
        testing::make_member(id_and_weight[0], static_cast<std::uint32_t>(std::stoul(id_and_weight[1]))));
  }
  const view v(list, 1);
  const std::uint64_t hash = hash_bytes(from_golden(key));
  EXPECT_EQ(testing::id_at(v, owner(v, hash)), owner_id) << key << ' ' << members;
  std::ostringstream ranked_text;
  for (const ranked& r : ranking(v, hash))
    ranked_text << (ranked_text.tellp() == 0 ? "" : ",") << v.members()[r.member].id << '=' << std::hex
                << r.score;
  EXPECT_EQ(ranked_text.str(), order) << key << ' ' << members;
}

TEST(golden, placement_is_what_it_always_was) {
  std::ifstream file(LIMPET_GOLDEN "/placement.txt");
  ASSERT_TRUE(file.is_open());
  std::size_t checked = 0;
  for (std::string text; std::getline(file, text);) {
    if (text.empty() || text.front() == '#') continue;
    std::istringstream line(text);
    std::string what;
    line >> what;
    if (what == "version") {
      std::string name;
      line >> name;
      EXPECT_EQ(name, placement_name);
    } else if (what == "hash") {
      check_hash(line);
    } else if (what == "neg_log2") {
      check_neg_log2(line);
    } else if (what == "place") {
      check_placement(line);
    } else {
      ADD_FAILURE() << "not a golden line: " << text;
    }
    ++checked;
  }
  EXPECT_GT(checked, 200u);
}

} // namespace
} // namespace limpet::routing
