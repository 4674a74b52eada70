#include "proxy/membership/rails_text.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <span>

namespace limpet::membership {
namespace {

using kind = rails_event::kind;

constexpr std::size_t ids_shown_max = 8;

/// "a, b, c", or the first ones "and 12 more".
std::string names(std::span<const std::string> ids) {
  std::string text;
  for (const std::string& id : ids.first(std::min(ids.size(), ids_shown_max)))
    text += (text.empty() ? "" : ", ") + id;
  if (ids.size() > ids_shown_max) text += fmt::format(" and {} more", ids.size() - ids_shown_max);
  return text;
}

std::string members(std::size_t count) {
  return count == 1 ? "1 member" : fmt::format("{} members", count);
}

std::string text_of(const rails_event& event, std::string_view pool, const config::rail_settings& rails) {
  const std::string ids = names(event.ids);
  const std::size_t count = event.ids.size();
  switch (event.what) {
  case kind::held:
    return fmt::format("{}: held back, {} in the view for {} unless {} back: {}. To let go now: "
                       "limpet membership apply --pool {}",
                       reason_text(event.gone, event.of, rails), count == 1 ? "it stays" : "they stay",
                       duration_text(rails.hold), count == 1 ? "it comes" : "they come", ids, pool);
  case kind::held_more:
    return fmt::format("{} more held back for {}, with {} of {} gone: {}", members(count),
                       duration_text(rails.hold), event.gone, event.of, ids);
  case kind::came_back:
    return fmt::format("{} that {} held back {} there again: {}", members(count), count == 1 ? "was" : "were",
                       count == 1 ? "is" : "are", ids);
  case kind::let_go:
    return fmt::format("{} held back in vain, and {} the view now: {}", members(count),
                       count == 1 ? "leaves" : "leave", ids);
  case kind::damped:
    return fmt::format("{} {} too often: left out of the view until steady for {}: {}", members(count),
                       count == 1 ? "comes and goes" : "come and go", duration_text(rails.damping.steady),
                       ids);
  case kind::spared:
    return fmt::format("{} too often, but stay in the view, since too few others would be left: {}",
                       count == 1 ? "1 member comes and goes" : members(count) + " come and go", ids);
  case kind::let_in:
    return fmt::format("{} in the view again: {}", members(count), ids);
  case kind::suspended:
    return fmt::format("suspended: its view stays as it is until limpet membership resume --pool {}", pool);
  case kind::resumed:
    return "resumed: its view follows the source again";
  case kind::applied:
    return count == 0 ? "applied by an operator: nothing was held back"
                      : fmt::format("applied by an operator: the view is what the source says; {} "
                                    "changed: {}",
                                    members(count), ids);
  }
  return {};
}

} // namespace

loudness loudness_of(kind what) noexcept {
  switch (what) {
  case kind::held:
  case kind::let_go:
    return loudness::error;
  case kind::held_more:
  case kind::damped:
  case kind::spared:
  case kind::suspended:
  case kind::applied:
    return loudness::warning;
  case kind::came_back:
  case kind::let_in:
  case kind::resumed:
    break;
  }
  return loudness::info;
}

std::string log_text(std::string_view pool, const rails_event& event, const config::rail_settings& settings) {
  return fmt::format("pool {}: {}", pool, text_of(event, pool, settings));
}

std::string reason_text(std::size_t gone, std::size_t of, const config::rail_settings& settings) {
  return fmt::format("{} of {} members left within {}, more than {} %", gone, of,
                     duration_text(settings.window), settings.max_removal_percent);
}

std::string duration_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  return ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
}

} // namespace limpet::membership
