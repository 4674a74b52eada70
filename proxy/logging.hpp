#pragma once

#include "config/config.hpp"

namespace limpet {

/// The process's own log: lines on stderr, which never blocks anything but its writer.
void start_logging(config::log_level level);
void set_log_level(config::log_level level);

} // namespace limpet
