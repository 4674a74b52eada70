#pragma once

#include <string>

namespace limpet::config {

/// A place in a file: line and column from 1, columns in bytes. 0: the file as a whole.
struct position {
  unsigned line = 0;
  unsigned column = 0;
  friend auto operator<=>(const position&, const position&) = default;
};

/// What is wrong with a file, where, and what to do about it.
struct issue {
  std::string file;
  unsigned line = 0;   ///< from 1; 0: the file as a whole
  unsigned column = 0; ///< from 1, in bytes; 0: the file as a whole
  std::string message; ///< names the key first, as in "pools.chat.fail_over: ..."
  std::string hint;    ///< what to write instead; may be empty
  friend bool operator==(const issue&, const issue&) = default;
};

/// One line, as compilers write it: "file:line:column: message (hint)".
std::string to_string(const issue& what);

} // namespace limpet::config
