#include "tests/consistency/history/judge.hpp"
#include "tests/consistency/history/report.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limpet::consistency {
namespace {

struct Report : testing::Test {
  const judged j{"O c1 s o1 1 5 ok append 1\n"
                 "O c2 s o2 6 8 ok read -\n"
                 "O c1 s o3 9 10 unknown read -\n"
                 "O c1 t o4 9 10 no append 2\n",
                 "B m1/1 s 7 o1 2\nE m1/1 s 7 o1 4\nB m1/2 s 8 o2 7\n", "D m1/1 5\nF m1/2 6 7\n"};
};

TEST_F(Report, for_programs) {
  EXPECT_EQ(
      report_json(j.history, j.executions, j.found),
      R"({"operations":4,"ok":2,"no":1,"unknown":1,"appends":2,"reads":2,"values":0,"clients":2,"sessions":2,)"
      R"("members":1,"owners":2,"executions":2,"unfinished":1,"owner_changes":1,"freezes":1,"epochs_checked":true,)"
      R"("violations":{"overlap":0,"epoch":0,"read_your_writes":0,"monotonic_reads":0,"monotonic_writes":0,)"
      R"("writes_follow_reads":0,"phantom":0,"lost":1,"fork":0},"total":1})");
}

TEST_F(Report, for_people) {
  const auto text = report(j.history, j.executions, j.found);
  EXPECT_NE(text.find("  lost                             1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("session s: append o1 of c1 (1 to 5) of 1 is not in the longest list read later, o2 of "
                      "c2 (6 to 8)\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("not checked"), std::string::npos) << text;
}

TEST(ReportOfOthers, says_that_epochs_are_not_checked) {
  const judged j("", "B m/1 s 0 o 1\n");
  EXPECT_NE(report(j.history, j.executions, j.found).find("epochs are not checked"), std::string::npos);
}

TEST(ReportOfOthers, has_words_for_each_kind) {
  const auto words = [](const char* client, const char* member) {
    const judged j(client, member);
    std::string all;
    for (std::size_t kind = 0; kind < violation_names.size(); ++kind)
      for (const auto& f : j.found.first(static_cast<violation>(kind)))
        all += in_words(j.history, f) + "\n";
    return all;
  };
  EXPECT_EQ(words("", "B a/1 s 2 o1 1\nB b/1 s 2 o2 3\nE b/1 s 2 o2 4\n"),
            "session s: o2 at b/1 with epoch 2 (3 to 4) begins while o1 at a/1 with epoch 2 (1 to no end) is "
            "executed\n"
            "session s: o2 at b/1 with epoch 2 (3 to 4) comes by a move, and is not above o1 at a/1 with "
            "epoch 2 (1 to no end)\n");
  EXPECT_EQ(words("O a s o1 1 2 ok append 1\nO a s o2 3 4 ok read -\nO b s o3 3 4 ok read 1\n", ""),
            "session s: read o2 of a (3 to 4) lacks its client's own 1\n");
  EXPECT_EQ(words("O a s o1 1 9 unknown append 1\nO b s o2 3 4 ok read 1\nO b s o3 5 6 ok read -\n", ""),
            "session s: read o3 of b (5 to 6) lacks 1, which its client has read before\n");
  EXPECT_EQ(words("O a s o1 1 2 ok append 1\nO a s o2 3 4 ok append 2\nO b s o3 5 6 ok read 2,1\n", ""),
            "session s: read o3 of b (5 to 6) has 2, and not before it the same client's earlier 1\n");
  EXPECT_EQ(words("O a s o1 1 9 unknown append 1\nO b s o2 3 4 ok read 1\nO b s o3 5 6 ok append 2\nO c s o4 "
                  "5 6 ok read 2,1\n",
                  ""),
            "session s: read o4 of c (5 to 6) has 2, and not before it 1, which its client had read\n"
            "session s: read o2 of b (3 to 4) is no prefix of read o4 of c (5 to 6)\n");
  EXPECT_EQ(words("O a s o1 1 2 ok read 7\n", ""),
            "session s: read o1 of a (1 to 2) has 7: nobody appended it to this session\n");
  EXPECT_EQ(
      words("O a s o1 1 2 no read -\n", "B m/1 s 3 o1 1\nE m/1 s 3 o1 2\n"),
      "session s: o1 of a (1 to 2): it was refused, and executed, as o1 at m/1 with epoch 3 (1 to 2)\n");
}

} // namespace
} // namespace limpet::consistency
