#include "config/node.hpp"

#include <algorithm>
#include <utility>

namespace limpet::config {

node node::of(kind what) {
  node made;
  made.what = what;
  return made;
}

node node::scalar(std::string text) {
  node made = of(kind::scalar);
  made.text = std::move(text);
  return made;
}

const node* node::find(std::string_view name) const noexcept {
  if (what != kind::map) return nullptr;
  const auto found = std::ranges::find(children, name, &node::key);
  return found == children.end() ? nullptr : &*found;
}

place place::key(std::string_view name) const noexcept {
  const node* next = at_->find(name);
  return next ? place(*next) : *this;
}

place place::item(std::size_t index) const noexcept {
  if (at_->what != node::kind::list || index >= at_->children.size()) return *this;
  return place(at_->children[index]);
}

} // namespace limpet::config
