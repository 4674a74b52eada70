// The reader and the checks on what nobody would write. Under the sanitizers this is where an index one too
// far shows.

#include "tests/consistency/history/imaginary/random_numbers.hpp"
#include "tests/consistency/history/imaginary/run.hpp"
#include "tests/consistency/history/judge.hpp"
#include "tests/consistency/history/report.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace limpet::consistency {
namespace {

using imaginary::random_numbers;

std::string random_text(random_numbers& random, std::uint64_t size_max, std::string_view alphabet) {
  std::string text(random.below(size_max), '\0');
  for (char& c : text)
    c = alphabet.empty() ? static_cast<char>(random.below(256)) : alphabet[random.below(alphabet.size())];
  return text;
}

/// Lines out of words that each mean something somewhere.
std::string random_lines(random_numbers& random) {
  constexpr std::string_view words[] = {"O",
                                        "B",
                                        "E",
                                        "D",
                                        "F",
                                        "a/1",
                                        "a/2",
                                        "s",
                                        "t",
                                        "0",
                                        "1",
                                        "2",
                                        "18446744073709551615",
                                        "ok",
                                        "no",
                                        "unknown",
                                        "append",
                                        "read",
                                        "-",
                                        "1,2",
                                        "2,1,2",
                                        ",",
                                        ""};
  std::string text;
  for (auto lines = random.below(10); lines > 0; --lines) {
    for (auto count = 1 + random.below(11); count > 0; --count)
      text += fmt::format("{}{}", words[random.below(std::size(words))], count > 1 ? " " : "\n");
  }
  return text;
}

void judge_and_report(const std::string& client, const std::string& member, const std::string& runner) {
  const judged j(client, member, runner);
  EXPECT_FALSE(report(j.history, j.executions, j.found).empty());
}

TEST(HostileHistory, of_random_bytes) {
  random_numbers random(1);
  for (int round = 0; round < 3000; ++round)
    for (const std::string_view alphabet : {"", "OBEDF 12/,-\n", "O a/1 sk 18446744073709551615\n"})
      judge_and_report(random_text(random, 200, alphabet), random_text(random, 200, alphabet),
                       random_text(random, 200, alphabet));
}

TEST(HostileHistory, of_random_words) {
  random_numbers random(2);
  for (int round = 0; round < 10'000; ++round)
    judge_and_report(random_lines(random), random_lines(random), random_lines(random));
}

struct HostileRun : testing::Test {
  std::string client = text_of("client-1.log"), member = text_of("member-m1.log"),
              runner = text_of("runner.log");

  static std::string text_of(const char* name) {
    static const test::temporary_folder folder;
    static const auto left = [] {
      imaginary::options o;
      o.operations = 400;
      o.sessions = 8;
      o.clients = 8;
      o.members = 2;
      return imaginary::write_run(o, folder.path());
    }();
    std::ifstream file(folder.path() + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(HostileRun, cut_anywhere) {
  random_numbers random(3);
  ASSERT_GT(member.size(), 1000u);
  for (int round = 0; round < 1000; ++round)
    judge_and_report(client.substr(0, random.below(client.size())),
                     member.substr(0, random.below(member.size())), runner);
  // A cut loses lines, and makes none malformed.
  EXPECT_EQ(judged(client.substr(0, client.size() / 2), "").errors.count(), 0u);
}

TEST_F(HostileRun, with_bytes_that_are_others) {
  random_numbers random(4);
  const auto spoil = [&](std::string text) {
    for (auto count = 1 + random.below(20); count > 0 && !text.empty(); --count)
      text[random.below(text.size())] = " \n0129,-/OBEDFa\xff"[random.below(16)];
    return text;
  };
  for (int round = 0; round < 1000; ++round)
    judge_and_report(spoil(client), spoil(member), spoil(runner));
}

} // namespace
} // namespace limpet::consistency
