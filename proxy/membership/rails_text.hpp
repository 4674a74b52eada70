#pragma once

#include "proxy/membership/rails.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::membership {

/// How loud a line in the log is.
enum class loudness : std::uint8_t { info, warning, error };

loudness loudness_of(rails_event::kind what) noexcept;

/// What the log says of an event: one line, with a few of the members by name, and with what an operator can
/// do.
std::string log_text(std::string_view pool, const rails_event& event, const config::rail_settings& settings);

/// Why the guard holds: "4 of 4 members left within 10s, more than 50 %".
std::string reason_text(std::size_t gone, std::size_t of, const config::rail_settings& settings);

/// "90s", "1500ms", as in a configuration.
std::string duration_text(std::chrono::milliseconds time);

} // namespace limpet::membership
