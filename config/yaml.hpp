#pragma once

#include "config/node.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::config {

inline constexpr std::size_t document_bytes_max = 4'194'304; ///< 4 MiB
inline constexpr std::size_t document_depth_max = 64;
/// YAML gives a key 1,024 characters as it is written (YAML 1.2 section 7.4.2), and a byte may take four of
/// them.
inline constexpr std::size_t document_key_bytes_max = 200;
inline constexpr std::size_t document_nodes_max = 250'000; ///< with each alias counted as what it stands for

/// A document, or why it is none.
struct yaml_result {
  std::optional<node> document; ///< an empty text is an empty map
  position where;               ///< of the error
  std::string message;          ///< empty where there is a document
  std::string hint;
};

/// Reads one YAML document (JSON is a subset) of UTF-8 text. Plain keys only, no tags; anchors and aliases
/// within the limits above. Never throws on bad input.
yaml_result parse_yaml(std::string_view text);

/// Writes a document in block style. What is read from it again equals `document`, places aside.
std::string emit_yaml(const node& document);

} // namespace limpet::config
