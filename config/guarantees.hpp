#pragma once

#include "config/config.hpp"

#include <string>
#include <vector>

namespace limpet::config {

/// For each pool one line: the promise that it gives, and what that rests on.
std::vector<std::string> guarantees(const settings& s);

} // namespace limpet::config
