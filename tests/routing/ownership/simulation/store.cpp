#include "tests/routing/ownership/simulation/store.hpp"

#include <algorithm>
#include <utility>

namespace limpet::ownership::simulation {

bool store_state::has_routers(const std::string& incarnation) const {
  return std::ranges::find(barrier.routers, incarnation, &barrier_reading::router::incarnation) !=
         barrier.routers.end();
}

bool store_state::has_alive(const std::string& incarnation) const {
  const auto found = std::ranges::find(barrier.routers, incarnation, &barrier_reading::router::incarnation);
  return found != barrier.routers.end() && found->alive;
}

const std::shared_ptr<const store_state>& store::read() {
  if (!state_) {
    auto made = std::make_shared<store_state>();
    made->revision = revision_;
    made->view = view_;
    made->barrier.view_revision = view_.revision;
    made->barrier.store_revision = made->revision;
    for (const auto& [name, r] : routers_)
      made->barrier.routers.push_back({name, r.alive, r.acknowledged});
    for (const auto& [id, m] : members_)
      made->members.push_back(m);
    state_ = std::move(made);
  }
  return state_;
}

void store::changed() {
  ++revision_;
  state_.reset();
  on_change_();
}

bool store::register_once(const std::string& incarnation) {
  if (!routers_.try_emplace(incarnation, router{true, 0}).second) return false;
  changed();
  return true;
}

void store::create_routers(const std::string& incarnation) {
  if (routers_.try_emplace(incarnation).second) changed();
}

void store::create_alive(const std::string& incarnation) {
  const auto found = routers_.find(incarnation);
  if (found == routers_.end() || found->second.alive) return;
  found->second.alive = true;
  changed();
}

void store::lose_alive(const std::string& incarnation) {
  const auto found = routers_.find(incarnation);
  if (found == routers_.end() || !found->second.alive) return;
  found->second.alive = false;
  changed();
}

std::optional<std::uint64_t> store::write_view(const record& r, std::uint64_t over) {
  if (view_.revision != over) return std::nullopt;
  view_ = r;
  view_.revision = revision_ + 1;
  if (view_.is_prepare()) view_.epoch = view_.revision;
  changed();
  return view_.revision;
}

bool store::acknowledge(const std::string& incarnation, std::uint64_t revision) {
  const auto found = routers_.find(incarnation);
  if (found == routers_.end()) return false;
  found->second.acknowledged = revision;
  changed();
  return true;
}

void store::remove(const std::string& incarnation) {
  const auto found = routers_.find(incarnation);
  if (found == routers_.end() || found->second.alive) return;
  routers_.erase(found);
  changed();
}

void store::leave(const std::string& incarnation) {
  if (routers_.erase(incarnation) > 0) changed();
}

void store::put_member(const routing::member& m) {
  members_[m.id] = m;
  changed();
}

void store::delete_member(const std::string& id) {
  if (members_.erase(id) > 0) changed();
}

} // namespace limpet::ownership::simulation
