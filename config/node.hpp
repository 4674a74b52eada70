#pragma once

#include "config/issue.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace limpet::config {

/// A piece of a YAML document: what a file is read into, and what settings are written from. A child of a map
/// carries its key. Aliases are copied in place, so that a tree owns all of itself.
struct node {
  enum class kind : std::uint8_t { null, scalar, list, map };

  kind what = kind::null;
  std::string key{};    ///< in a map
  position key_where{}; ///< in a map
  position where{};     ///< of the value; of the key where the value is missing
  std::string text{};   ///< of a scalar, before ${...} is replaced
  /// Of a list or map, in the order of the file; a key that is given twice is there twice.
  std::vector<node> children{};

  static node scalar(std::string text);
  static node list() { return of(kind::list); }
  static node map() { return of(kind::map); }

  /// The first child with this key, or nullptr.
  const node* find(std::string_view name) const noexcept;
  friend bool operator==(const node&, const node&) = default;

private:
  static node of(kind what);
};

/// Walks down a document to say where a value stands. Where a step is missing it stays at the last node that
/// is there, so that an error about a value that was left out points to what should have had it.
class place {
public:
  explicit place(const node& root) noexcept : at_(&root) {}
  place key(std::string_view name) const noexcept;
  place item(std::size_t index) const noexcept;
  bool has(std::string_view name) const noexcept { return at_->find(name) != nullptr; }
  position where() const noexcept { return at_->where; }
  position key_where() const noexcept { return at_->key_where; }

private:
  const node* at_;
};

} // namespace limpet::config
