#pragma once

#include "proxy/membership/rails.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Scripts of events and times for rails.
namespace limpet::membership::test {

using namespace std::chrono_literals;
using kind = rails_event::kind;
using milliseconds = std::chrono::milliseconds;

/// A member as "a", "a!" (draining) or "a/2" (incarnation 2).
inline routing::member member_of(std::string text) {
  routing::member one;
  if (text.ends_with('!')) {
    one.state = routing::member_state::draining;
    text.pop_back();
  }
  const auto slash = text.find('/');
  one.incarnation = slash == std::string::npos ? "1" : text.substr(slash + 1);
  one.id = text.substr(0, slash);
  one.address = one.id + ":1";
  return one;
}

inline std::vector<routing::member> members_of(const std::string& text) {
  std::vector<routing::member> all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    if (end > at) all.push_back(member_of(text.substr(at, end - at)));
    at = end + 1;
  }
  return all;
}

inline std::string text_of(const std::vector<routing::member>& members) {
  std::string text;
  for (const auto& one : members)
    text += (text.empty() ? "" : " ") + one.id + (one.incarnation == "1" ? "" : "/" + one.incarnation) +
            (one.state == routing::member_state::draining ? "!" : "");
  return text;
}

inline std::string name_of(kind what) {
  constexpr const char* names[] = {"held",   "held_more", "came_back", "let_go",  "damped",
                                   "spared", "let_in",    "suspended", "resumed", "applied"};
  return names[static_cast<std::size_t>(what)];
}

/// Rails under a clock that the test moves. Timers are called when they are due, as Asio would.
class script {
public:
  explicit script(config::rail_settings settings = {}) : rails_(settings) {}

  /// The source tells these members; "" is none.
  script& list(const std::string& members) { return tell({members_of(members), ++epoch_, false}); }
  script& tell(member_list told) { return take(rails_.listed(std::move(told), now_)); }
  script& suspend() { return take(rails_.suspend(now_)); }
  script& resume() { return take(rails_.resume(now_)); }
  script& apply() { return take(rails_.apply(now_)); }
  script& configure(const config::rail_settings& settings) { return take(rails_.configure(settings, now_)); }

  script& wait(milliseconds time) {
    const auto end = now_ + time;
    while (timer_ && *timer_ <= end) {
      now_ = *timer_;
      take(rails_.timer(now_));
      EXPECT_TRUE(!timer_ || *timer_ > now_) << "a timer that is due again makes a loop";
      if (timer_ && *timer_ <= now_) break;
    }
    now_ = end;
    return *this;
  }

  std::string view() const { return text_of(view_.members); }
  const member_list& published() const { return view_; }
  int publications() const { return publications_; }
  rails_status status() const { return rails_.status(); }
  /// What was told since the last call: "held a b; let_go a b".
  std::string told() {
    std::string text;
    for (const auto& event : std::exchange(events_, {})) {
      text += (text.empty() ? "" : "; ") + name_of(event.what);
      for (const auto& id : event.ids)
        text += " " + id;
    }
    return text;
  }
  const std::vector<rails_event>& events() const { return events_; }
  milliseconds left(rails_status::time_point until) const {
    return std::chrono::duration_cast<milliseconds>(until - now_);
  }

private:
  script& take(rails::step step) {
    timer_ = step.timer;
    std::ranges::move(step.events, std::back_inserter(events_));
    if (!step.publish) return *this;
    ++publications_;
    view_ = std::move(*step.publish);
    return *this;
  }

  rails rails_;
  rails::time_point now_{1h};
  std::optional<rails::time_point> timer_;
  member_list view_;
  std::vector<rails_event> events_;
  std::uint64_t epoch_ = 0;
  int publications_ = 0;
};

/// Without `settle`, where it is not what the test is about.
inline config::rail_settings at_once() {
  config::rail_settings settings;
  settings.settle = 0ms;
  return settings;
}

} // namespace limpet::membership::test
