#pragma once

#include "tests/consistency/history/bad_input.hpp"
#include "tests/consistency/history/history.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace limpet::consistency {

/// Puts texts together to a history. Each line that is malformed or contradicts another is told with file and
/// number; nothing throws but a lack of memory. The texts must outlive the history.
class history_reader {
public:
  history_reader(history& into, bad_input& errors) : history_(into), errors_(errors) {}

  void read_client(std::string_view text, std::string_view file);
  void read_member(std::string_view text, std::string_view file);
  void read_runner(std::string_view text, std::string_view file);
  /// Once all is read: owners' deaths end what they were executing.
  void finish();

private:
  using open_executions = std::unordered_multimap<std::string_view, std::size_t>; ///< by operation

  const char* client_line(std::string_view line);
  const char* begin_line(std::string_view line, open_executions& open);
  const char* end_line(std::string_view line, open_executions& open);
  const char* runner_line(std::string_view line);
  template <class Read>
  void each_line(std::string_view text, std::string_view file, Read read);

  history& history_;
  bad_input& errors_;
  std::unordered_map<name_number, time_ns> deaths_;
};

/// Reads FOLDER/client-*.log, member-*.log and runner.log, which may be missing where nobody died; without
/// clients or members it is an error, since there would be nothing to check.
void read_history(const std::string& folder, history& into, bad_input& errors);

} // namespace limpet::consistency
