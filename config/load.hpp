#pragma once

#include "config/config.hpp"
#include "config/issue.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::config {

/// Who reads the file. `limpet agent` needs `etcd` and `agent` alone: it passes over the other sections, and
/// what they hold.
enum class role : std::uint8_t { serve, agent };

/// Looks up an environment variable; nothing where it is not set.
using environment_function = std::function<std::optional<std::string>(const std::string& name)>;

/// The variables of this process.
std::optional<std::string> process_environment(const std::string& name);

struct load_result {
  limpet::config::settings settings; ///< to be used only where ok()
  std::vector<issue> errors;         ///< all of them, in the file's order; a syntax error stands alone
  std::vector<issue> warnings;
  bool ok() const noexcept { return errors.empty(); }
};

/// Reads a configuration file of at most 4 MiB, and the secrets' files that it names. ${NAME},
/// ${NAME:-default} and $$ (a dollar) are replaced in values, after the YAML is parsed, so that a value
/// cannot add keys. What cannot be read or is not good is in `errors`; never throws for what the file holds.
load_result load_file(const std::string& path, role who = role::serve,
                      const environment_function& environment = process_environment);

/// The same from memory; `file_name` is for messages.
load_result load_text(std::string_view text, const std::string& file_name, role who = role::serve,
                      const environment_function& environment = process_environment);

/// What the command line of `limpet agent` says in place of a file.
struct flag {
  std::string name;                ///< for messages: "--zone"
  std::string key;                 ///< below `etcd` or `agent`: "agent.check.path"
  std::vector<std::string> values; ///< of a list all of its items, else one
};

/// Sets the flag's key in `to` as if it stood in a file, with the same checks; what is not given stays. No
/// ${NAME} is replaced: the shell has done that. `to` is to be used only where there is no error.
std::vector<issue> set_flag(settings& to, const flag& given);

} // namespace limpet::config
