#pragma once

#include "config/issue.hpp"
#include "routing/member.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace limpet::config {

struct members_result {
  std::vector<routing::member> members; ///< no two with one id; to be used only where ok()
  std::vector<issue> errors;
  bool ok() const noexcept { return errors.empty(); }
};

/// Reads a membership file: YAML or JSON, at most 4 MiB, with the one key `members`, a list of at least one
/// member as under `static`. A `$` is a plain character here. Never throws for what the file holds.
members_result load_members(const std::string& path);

/// The same from memory; `file_name` is for messages.
members_result parse_members(std::string_view text, const std::string& file_name);

} // namespace limpet::config
