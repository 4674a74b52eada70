// A configuration as text: what is accepted, printed and read again, is the same configuration; what is not
// says where and why; secrets stay out of what others may see.

#include "config/guarantees.hpp"
#include "config/load.hpp"
#include "config/members_file.hpp"
#include "config/print.hpp"
#include "tests/fuzz/support.hpp"

#include <optional>
#include <string>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

std::optional<std::string> environment(const std::string& name) {
  if (name == "EMPTY") return "";
  if (name == "KEY") return "0123456789abcdef0123456789abcdef";
  if (name == "PORT") return "8080";
  return {};
}

/// A key's file would be read from the disk: not here.
bool names_a_key_file(std::string_view text) {
  return text.find("file") != text.npos && text.find("signing") != text.npos;
}

void check_errors(const std::vector<config::issue>& errors) {
  for (const auto& e : errors)
    FUZZ_CHECK(!e.message.empty() && !config::to_string(e).empty());
}

void check_secrets(const config::settings& settings) {
  const auto shown = config::print_settings(settings, config::secrets::hidden);
  for (const auto& key : settings.signing_keys)
    FUZZ_CHECK(key.secret.size() < 24 || shown.find(key.secret) == shown.npos);
}

void check_serve(std::string_view text) {
  const auto loaded = config::load_text(text, "fuzz.yaml", config::role::serve, environment);
  check_errors(loaded.errors);
  check_errors(loaded.warnings);
  if (!loaded.ok()) return;
  const auto printed = config::print_settings(loaded.settings, config::secrets::shown);
  const auto again = config::load_text(printed, "printed.yaml", config::role::serve, environment);
  FUZZ_CHECK(again.ok() && again.settings == loaded.settings);
  FUZZ_CHECK(config::restart_needed(loaded.settings, again.settings).empty());
  config::guarantees(loaded.settings);
  check_secrets(loaded.settings);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (names_a_key_file(text)) return 0;
  check_serve(text);
  check_errors(config::load_text(text, "fuzz.yaml", config::role::agent, environment).errors);
  check_errors(config::parse_members(text, "members.yaml").errors);
  return 0;
}
