#pragma once

#include <string_view>

namespace limpet::ops {

/// The level of the process's own log (not the access log), as the configuration names them: "debug", "info",
/// "warning" or "error".
std::string_view current_log_level();

/// Until the next reload that changes `logging.level`. False, and nothing changes, where there is no such
/// level.
bool set_log_level(std::string_view name);

} // namespace limpet::ops
