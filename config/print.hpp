#pragma once

#include "config/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace limpet::config {

enum class secrets : std::uint8_t {
  hidden, ///< "<redacted>" instead; for what others may see. Reading it back is an error at each secret
  shown,  ///< as they are; for the operator's own terminal
};

/// The settings as YAML, every key with its value, defaults too; keys that have no value are left out. With
/// the secrets shown, reading it back gives equal settings. A ${...} stands as what it was replaced with; a
/// secret from a file stands as the file.
std::string print_settings(const settings& s, secrets show);

/// The keys that differ and that a reload leaves as they run, as paths ("listeners", "admin.address"); in the
/// order of the declaration.
std::vector<std::string> restart_needed(const settings& running, const settings& wanted);

} // namespace limpet::config
