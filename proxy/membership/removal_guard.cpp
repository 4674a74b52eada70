#include "proxy/membership/removal_guard.hpp"

#include <algorithm>
#include <utility>

namespace limpet::membership {

std::vector<std::string> removal_guard::judge(std::vector<routing::member> leaving, std::size_t staying,
                                              time_point now) {
  std::erase_if(passed_, [&](const auto& one) { return one.second + settings_.window <= now; });
  if (leaving.empty()) return {};
  for (routing::member& one : leaving) {
    std::string id = one.id;
    departures_.insert_or_assign(std::move(id), departure{.member = std::move(one), .left = now, .held = {}});
  }
  const std::size_t gone = departures_.size() + passed_.size();
  const std::size_t of = gone + staying;
  if (gone * 100 <= of * settings_.max_removal_percent) return {};
  std::vector<std::string> held;
  for (auto& [id, one] : departures_) {
    if (one.held) continue;
    one.held = now;
    one.gone = gone;
    one.of = of;
    held.push_back(id);
  }
  return held;
}

removal_guard::comeback removal_guard::came_back(const std::string& id) {
  passed_.erase(id);
  const auto node = departures_.extract(id);
  if (node.empty()) return comeback::none;
  return node.mapped().held ? comeback::held : comeback::settling;
}

std::vector<std::string> removal_guard::advance(time_point now) {
  std::vector<std::string> let_go;
  std::erase_if(departures_, [&](const auto& entry) {
    const auto& [id, one] = entry;
    if (!is_off() && until(one) > now) return false;
    // Those that were held have had their say: they count no further.
    if (one.held)
      let_go.push_back(id);
    else if (!is_off() && passed_.size() < passed_max)
      passed_.emplace(id, one.left);
    return true;
  });
  return let_go;
}

void removal_guard::clear() {
  departures_.clear();
  passed_.clear();
}

std::size_t removal_guard::held() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(departures_, [](const auto& one) { return one.second.held.has_value(); }));
}

removal_guard::time_point removal_guard::until(const departure& one) const noexcept {
  return one.held ? *one.held + settings_.hold : one.left + settings_.settle;
}

std::optional<removal_guard::time_point> removal_guard::next() const {
  std::optional<time_point> first;
  for (const auto& [id, one] : departures_)
    if (!first || until(one) < *first) first = until(one);
  return first;
}

} // namespace limpet::membership
