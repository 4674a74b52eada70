#include "config/issue.hpp"

namespace limpet::config {

std::string to_string(const issue& what) {
  std::string out = what.file;
  if (what.line > 0) out += ':' + std::to_string(what.line) + ':' + std::to_string(what.column);
  out += ": " + what.message;
  if (!what.hint.empty()) out += " (" + what.hint + ')';
  return out;
}

} // namespace limpet::config
