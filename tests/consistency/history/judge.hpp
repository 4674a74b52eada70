#pragma once

#include "tests/consistency/history/check.hpp"
#include "tests/consistency/history/read_history.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace limpet::consistency {

/// A history out of texts, and what the checker says of it.
struct judged {
  std::string client, member, runner;
  consistency::history history;
  bad_input errors;
  findings found;
  execution_summary executions;

  judged(std::string client_text, std::string member_text, std::string runner_text = "")
      : client(std::move(client_text)), member(std::move(member_text)), runner(std::move(runner_text)) {
    history_reader reader(history, errors);
    reader.read_client(client, "client-1.log");
    reader.read_member(member, "member-1.log");
    reader.read_runner(runner, "runner.log");
    reader.finish();
    executions = check(history, found, errors);
  }
  judged(const judged&) = delete;
  judged& operator=(const judged&) = delete;

  /// "overlap 1, fork 2"; empty: no violation. Errors stand in it, too.
  std::string verdict() const {
    std::string out;
    for (const auto& message : errors.first_messages())
      out += message + "; ";
    for (std::size_t kind = 0; kind < violation_names.size(); ++kind) {
      const auto count = found.count(static_cast<violation>(kind));
      if (count > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", violation_names[kind], count);
    }
    return out;
  }
};

/// The verdict on one session's operations: "CLIENT BEGIN END OUTCOME append VALUE" or "... read LIST".
inline std::string verdict_on_lists(std::initializer_list<std::string_view> operations) {
  std::string lines;
  for (int number = 1; const auto o : operations) {
    const auto space = o.find(' ');
    lines += fmt::format("O {} s o{}{}\n", o.substr(0, space), number++, o.substr(space));
  }
  return judged(lines, "").verdict();
}

} // namespace limpet::consistency
