#pragma once

#include <span>
#include <string>
#include <string_view>

namespace limpet::config {

/// `did you mean "address"?` for the candidate that is fewest edits from `word`, where one is near enough to
/// be meant (a third of its length at most); else empty. An edit inserts, drops, replaces or swaps (optimal
/// string alignment).
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

} // namespace limpet::config
