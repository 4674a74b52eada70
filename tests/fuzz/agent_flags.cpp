// The command line of `limpet agent`: words that are accepted give settings that a file can hold as well.
// Each line of the input is one word.

#include "proxy/agent_flags.hpp"

#include "config/load.hpp"
#include "config/print.hpp"
#include "tests/fuzz/support.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;

constexpr std::size_t words_max = 64;

std::optional<std::string> no_environment(const std::string&) {
  return {};
}

/// Nothing where CLI11 refuses the words, or asks for help.
std::optional<agent_flags> parse(std::vector<std::string> words) {
  CLI::App app{"agent"};
  agent_flags flags;
  add_agent_flags(app, flags);
  std::ranges::reverse(words); // as CLI11 takes them
  try {
    app.parse(std::move(words));
  } catch (const CLI::Error&) {
    return {};
  }
  return flags;
}

void check_settings(const agent_flags& flags, const config::settings& settings) {
  if (flags.pool) FUZZ_CHECK(settings.agent->pool == *flags.pool);
  if (flags.id) FUZZ_CHECK(settings.agent->id == *flags.id);
  if (flags.zone) FUZZ_CHECK(settings.agent->zone == *flags.zone);
  if (flags.prefix) FUZZ_CHECK(settings.etcd.prefix == *flags.prefix);
  if (!flags.endpoints.empty()) FUZZ_CHECK(settings.etcd.endpoints.size() == flags.endpoints.size());
  const bool is_member = settings.agent && !settings.agent->pool.empty() && !settings.agent->id.empty() &&
                         !settings.agent->address.text.empty();
  if (!is_member) return;
  const auto printed = config::print_settings(settings, config::secrets::shown);
  // A $ is a plain character on the command line, and none in a file.
  if (printed.find("$$") != printed.npos) return;
  const auto read = config::load_text(printed, "printed.yaml", config::role::agent, no_environment);
  FUZZ_CHECK(read.ok());
  FUZZ_CHECK(read.settings.agent == settings.agent && read.settings.etcd == settings.etcd);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  while (!bytes.empty() && words.size() < words_max)
    words.emplace_back(take_line(bytes));
  const auto flags = parse(std::move(words));
  if (!flags) return 0;
  config::settings settings;
  const auto errors = set_agent_flags(settings, *flags);
  for (const auto& e : errors)
    FUZZ_CHECK(!e.message.empty() && e.file.starts_with("--"));
  if (errors.empty()) check_settings(*flags, settings);
  return 0;
}
