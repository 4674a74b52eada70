#pragma once

#include <string>

namespace limpet::agent {

/// 128 random bits as 32 hexadecimal digits: no two starts of a backend share one.
std::string make_incarnation();

} // namespace limpet::agent
