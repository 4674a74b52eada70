#include "proxy/ops/log_level.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace limpet::ops {

namespace {

constexpr std::pair<std::string_view, spdlog::level::level_enum> levels[] = {
    {"debug", spdlog::level::debug},
    {"info", spdlog::level::info},
    {"warning", spdlog::level::warn},
    {"error", spdlog::level::err},
};

} // namespace

std::string_view current_log_level() {
  const auto current = spdlog::get_level();
  for (const auto& [name, level] : levels)
    if (level >= current) return name;
  return "error";
}

bool set_log_level(std::string_view name) {
  for (const auto& [known, level] : levels)
    if (known == name) {
      spdlog::set_level(level);
      return true;
    }
  return false;
}

} // namespace limpet::ops
