#include "proxy/logging.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace limpet {

void start_logging(config::log_level level) {
  auto logger = spdlog::stderr_logger_mt("limpet");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  spdlog::set_default_logger(std::move(logger));
  set_log_level(level);
}

void set_log_level(config::log_level level) {
  switch (level) {
  case config::log_level::debug:
    return spdlog::set_level(spdlog::level::debug);
  case config::log_level::info:
    return spdlog::set_level(spdlog::level::info);
  case config::log_level::warning:
    return spdlog::set_level(spdlog::level::warn);
  case config::log_level::error:
    return spdlog::set_level(spdlog::level::err);
  }
}

} // namespace limpet
