#pragma once

#include "config/load.hpp"

#include <string>
#include <vector>

namespace limpet::config::test {

/// An environment with LIMPET_KEY and EMPTY, and nothing else.
std::optional<std::string> small_environment(const std::string& name);

load_result load(const std::string& yaml, role who = role::serve);

/// A valid file, to which more may be added: three lines, so that what is added begins in line 4.
std::string with(const std::string& more);

/// A valid file whose pool "a" goes on with these lines, indented by four; they begin in line 5.
std::string with_pool(const std::string& lines);

/// "line:column message (hint)" of each.
std::vector<std::string> lines(const std::vector<issue>& issues);

/// The errors of what must not load.
std::vector<std::string> errors_of(const std::string& yaml, role who = role::serve);

/// A file with this text, gone at the end.
class temporary_file {
public:
  explicit temporary_file(const std::string& text);
  ~temporary_file();
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace limpet::config::test
