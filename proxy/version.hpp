#pragma once

#include <string_view>

namespace limpet {

inline constexpr std::string_view version = LIMPET_VERSION;

} // namespace limpet
