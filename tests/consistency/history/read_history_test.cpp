#include "tests/consistency/history/judge.hpp"
#include "tests/consistency/history/read_history.hpp"
#include "tests/support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace limpet::consistency {
namespace {

TEST(ReadHistory, takes_what_clients_write) {
  const judged j("O c1 s1 op-1 10 20 ok append 18446744073709551615\n"
                 "O c2 s1 op-2 11 22 unknown read -\n"
                 "O c2 s2 op-3 23 23 ok read 1,22,333\n",
                 "");
  ASSERT_TRUE(j.errors.empty()) << j.verdict();
  const auto& h = j.history;
  ASSERT_EQ(h.operations.size(), 3u);
  const auto& a = h.operations[0];
  EXPECT_EQ(a.name, "op-1");
  EXPECT_EQ(h.clients.name_of(a.client), "c1");
  EXPECT_EQ(h.sessions.name_of(a.session), "s1");
  EXPECT_EQ(a.begin, 10u);
  EXPECT_EQ(a.end, 20u);
  EXPECT_EQ(a.value, 18446744073709551615u);
  EXPECT_EQ(a.action, action::append);
  EXPECT_EQ(h.operations[1].outcome, outcome::unknown);
  EXPECT_EQ(h.operations[1].session, a.session);
  const auto list = h.list_of(h.operations[2]);
  EXPECT_EQ(std::vector(list.begin(), list.end()), (std::vector<std::uint64_t>{1, 22, 333}));
}

TEST(ReadHistory, takes_what_members_and_the_runner_write) {
  const judged j("",
                 "B m1/1 s1 5 o1 10\nB m1/1 s2 5 o2 11\nE m1/1 s1 5 o1 12\nB m1/2 s2 6 o3 30\n"
                 "E m1/2 s2 6 o3 31\n",
                 "D m1/1 20\nF m1/2 40 50\n");
  ASSERT_TRUE(j.errors.empty()) << j.verdict();
  const auto& h = j.history;
  ASSERT_EQ(h.executions.size(), 3u);
  EXPECT_EQ(h.executions[0].end, 12u);
  EXPECT_EQ(h.executions[1].end, 20u) << "its owner's death";
  EXPECT_EQ(h.executions[2].epoch, 6u);
  EXPECT_EQ(h.owners.name_of(h.executions[2].owner), "m1/2");
  EXPECT_EQ(h.unfinished, 1u);
  ASSERT_EQ(h.freezes.size(), 1u);
  EXPECT_EQ(h.freezes[0].to, 50u);
}

TEST(ReadHistory, drops_a_last_line_without_an_end) {
  const judged j("O c s o1 1 2 ok append 1\nO c s o2 3 4 ok appe", "B m/1 s 1 o1 1\nE m/1 s", "D m/1 9\nD");
  EXPECT_EQ(j.verdict(), "");
  EXPECT_EQ(j.history.operations.size(), 1u);
  EXPECT_EQ(j.history.unfinished, 1u);
}

struct wrong {
  const char* line;
  const char* says = "malformed";
};

/// That the line is the one error, told by its number.
void expect_told(const wrong& w, const judged& j, const char* file) {
  ASSERT_EQ(j.errors.count(), 1u) << w.line << ": " << j.verdict();
  EXPECT_EQ(j.errors.first_messages()[0], fmt::format("{}:2: {}", file, w.says)) << w.line;
}

TEST(ReadHistory, tells_lines_of_clients_that_are_wrong) {
  const wrong lines[] = {
      {""},
      {"O"},
      {"X c s o 1 2 ok append 1"},
      {"O c s o 1 2 ok append"},
      {"O c s o 1 2 ok append "},
      {"O c s o 1 2 ok append 1 "},
      {"O c s o 1 2 ok append 1 2"},
      {"O c s o 1 2 ok append -1"},
      {"O c s o 1 2 ok append 1x"},
      {"O c s o 1 2 ok append 18446744073709551616"},
      {"O c s o 1 2 ok append 99999999999999999999999"},
      {"O c s o 1 2 ok append 1,2"},
      {"O c s o 1 2 ok write 1"},
      {"O c s o 1 2 OK append 1"},
      {"O c s o 1 2 okay append 1"},
      {"O c s o x 2 ok append 1"},
      {"O c s o 1 2  ok append 1"},
      {" O c s o 1 2 ok append 1"},
      {"O  s o 1 2 ok append 1"},
      {"O c\ts o 1 2 ok append 1"},
      {"O c s o\x80 1 2 ok append 1"},
      {"O c s o 1 2 ok append 1\r"},
      {"O c s o 1 2 ok read"},
      {"O c s o 1 2 ok read "},
      {"O c s o 1 2 ok read 1,"},
      {"O c s o 1 2 ok read ,1"},
      {"O c s o 1 2 ok read 1,,2"},
      {"O c s o 1 2 ok read 1 2"},
      {"O c s o 1 2 ok read --"},
      {"O c s o 1 2 ok read 1,-"},
      {"O c s o 2 1 ok append 1", "ends before it begins"},
      {"O c s o 1 2 unknown read 1", "a list, though the read is not ok"},
      {"O c s o 1 2 no read 1", "a list, though the read is not ok"},
  };
  for (const auto& w : lines)
    expect_told(w, judged(fmt::format("O c s a 0 1 ok read -\n{}\nO c s b 3 4 ok read -\n", w.line), ""),
                "client-1.log");
}

TEST(ReadHistory, tells_lines_of_members_that_are_wrong) {
  const wrong lines[] = {
      {""},
      {"B"},
      {"C m/1 s 1 o2 10"},
      {"BB m/1 s 1 o2 10"},
      {"B m/1 s 1 o2"},
      {"B m/1 s 1 o2 10 11"},
      {"B m/1 s x o2 10"},
      {"B m s 1 o2 10"},
      {"B m/ s 1 o2 10"},
      {"B /1 s 1 o2 10"},
      {"E m/1 s 1 o1 4", "ends before it begins"},
      {"E m/1 s 1 o2 10", "the end of nothing that began"},
      {"E m/2 s 1 o1 10", "the end of nothing that began"},
      {"E m/1 t 1 o1 10", "the end of nothing that began"},
      {"E m/1 s 2 o1 10", "the end of nothing that began"},
  };
  for (const auto& w : lines)
    expect_told(w, judged("", fmt::format("B m/1 s 1 o1 5\n{}\nE m/1 s 1 o1 20\n", w.line)), "member-1.log");
}

TEST(ReadHistory, tells_lines_of_the_runner_that_are_wrong) {
  const wrong lines[] = {
      {""},
      {"D"},
      {"D m/1"},
      {"D m/1 x"},
      {"D m 1"},
      {"D m/1 1 2"},
      {"F m/1 1"},
      {"F m/1 1 2 3"},
      {"G m/1 1"},
      {"F m/1 2 1", "ends before it begins"},
      {"D m/9 2", "an owner that died already"},
  };
  for (const auto& w : lines)
    expect_told(w, judged("", "", fmt::format("D m/9 1\n{}\nD m/8 1\n", w.line)), "runner.log");
}

TEST(ReadHistory, tells_of_an_owner_that_works_after_its_death) {
  const auto errors = [](const char* member) { return judged("", member, "D m/1 10\n").errors.count(); };
  EXPECT_EQ(errors("B m/1 s 1 o 9\n"), 0u);
  EXPECT_EQ(errors("B m/1 s 1 o 11\n"), 1u);
  EXPECT_EQ(errors("B m/1 s 1 o 9\nE m/1 s 1 o 10\n"), 0u);
  EXPECT_EQ(errors("B m/1 s 1 o 9\nE m/1 s 1 o 11\n"), 1u);
}

TEST(ReadHistory, ends_what_began_first_where_one_operation_is_executed_twice) {
  const judged j("", "B m/1 s 1 o 1\nB m/1 s 1 o 5\nE m/1 s 1 o 6\nE m/1 s 1 o 9\n");
  ASSERT_TRUE(j.errors.empty());
  EXPECT_EQ(j.history.executions[0].end, 6u);
  EXPECT_EQ(j.history.executions[1].end, 9u);
  const judged after_a_restart("", "B m/1 s 1 o 1\nB m/2 s 1 o 5\nE m/2 s 1 o 6\n", "D m/1 3\n");
  EXPECT_EQ(after_a_restart.verdict(), "");
  EXPECT_EQ(after_a_restart.history.executions[0].end, 3u);
}

TEST(ReadHistory, keeps_few_of_many_errors) {
  std::string lines;
  for (int i = 0; i < 1000; ++i)
    lines += "?\n";
  const judged j(lines, "");
  EXPECT_EQ(j.errors.count(), 1000u);
  EXPECT_EQ(j.errors.first_messages().size(), bad_input::kept_max);
}

TEST(ReadHistory, limits_names) {
  const auto errors = [](std::size_t bytes) {
    return judged(fmt::format("O {} s o 1 2 ok append 1\n", std::string(bytes, 'c')), "").errors.count();
  };
  EXPECT_EQ(errors(255), 0u);
  EXPECT_EQ(errors(256), 1u);
}

// -- what contradicts itself ------------------------------------------

TEST(Check, tells_of_a_client_that_does_two_things_at_once) {
  EXPECT_EQ(verdict_on_lists({"a 1 5 ok append 1", "a 4 6 ok append 2"}),
            "client a: o2 begins before o1 has ended; ");
  EXPECT_EQ(verdict_on_lists({"a 1 5 ok append 1", "a 5 6 ok append 2"}), "");
  EXPECT_EQ(verdict_on_lists({"a 5 6 ok append 1", "a 1 5 ok append 2"}), "")
      << "lines may come in any order";
  EXPECT_EQ(judged("O a s o1 1 5 ok append 1\nO a t o2 4 6 ok append 2\n", "").verdict(), "")
      << "in two sessions";
}

TEST(Check, tells_of_a_value_that_is_appended_twice) {
  EXPECT_EQ(verdict_on_lists({"a 1 5 ok append 1", "b 4 6 ok append 1"}),
            "session s: value 1 is appended twice; ");
}

TEST(Check, tells_of_members_that_tell_too_little) {
  const auto errors = [](const char* member) {
    const judged j("O c s o1 1 5 ok append 1\nO c s o2 6 7 unknown append 2\n", member);
    bad_input found;
    check_completeness(j.history, found);
    return found.count();
  };
  EXPECT_EQ(errors(""), 1u);
  EXPECT_EQ(errors("B m/1 s 1 o1 2\n"), 0u);
}

// -- folders ----------------------------------------------------------

TEST(ReadHistory, reads_a_folder) {
  const test::temporary_folder folder;
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(folder.path() + "/" + name) << text;
  };
  const auto verdict = [&] {
    history h;
    bad_input errors;
    read_history(folder.path(), h, errors);
    return fmt::format("{} operations, {} executions, {}", h.operations.size(), h.executions.size(),
                       fmt::join(errors.first_messages(), "; "));
  };
  EXPECT_EQ(verdict(), fmt::format("0 operations, 0 executions, {0}: no client-*.log; {0}: no member-*.log",
                                   folder.path()));
  write("client-1.log", "O c s o1 1 2 ok append 1\n");
  write("client-2.log", "O d s o2 1 2 ok append 2\n");
  write("member-m1.log", "B m1/1 s 1 o1 1\nE m1/1 s 1 o1 2\n");
  write("member-m2.log", "");
  write("other.log", "?\n");
  write("client-1.txt", "?\n");
  EXPECT_EQ(verdict(), "2 operations, 1 executions, ");
  write("runner.log", "D m1/1 9\n?\n");
  EXPECT_EQ(verdict(), "2 operations, 1 executions, runner.log:2: malformed");
}

TEST(ReadHistory, tells_of_a_folder_that_is_not_there) {
  history h;
  bad_input errors;
  read_history("/nowhere/at/all", h, errors);
  EXPECT_EQ(errors.first_messages(), std::vector<std::string>{"/nowhere/at/all: No such file or directory"});
}

} // namespace
} // namespace limpet::consistency
