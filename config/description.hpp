#pragma once

#include "config/node.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace limpet::config {

/// When a changed value takes effect.
enum class reload : std::uint8_t {
  live,       ///< with the next reload, no connection touched
  restart,    ///< the running value stays until the next start
  agent_start ///< read by `limpet agent`, once
};

/// What is said of a key beside its value: one of these a key, in the declaration.
struct key_info {
  std::string name{};
  std::string help{}; ///< effect, unit, what special values mean
  std::string since = "0.1";
  reload takes_effect = reload::live;
  bool required = false;
  bool secret = false; ///< never shown unless asked for
};

/// What a value looks like from outside; the JSON Schema and the reference are made from these alone.
struct description {
  enum class form : std::uint8_t { text, number, decimal, boolean, choice, section, list, map };

  form what = form::text;
  std::string type{};  ///< for people: "duration", "host pattern"
  std::string range{}; ///< for people: "1ms to 1h"; empty: none
  /// Of a text: an ECMA 262 regular expression; empty: any. Of a map: what its names match.
  std::string pattern{};
  std::optional<std::uint64_t> minimum{}; ///< of a number; of a list: the least items
  std::optional<std::uint64_t> maximum{};
  bool number_too = false; ///< a text that may stand as a bare number (a size in bytes)
  std::vector<std::string> choices{};
  std::vector<std::string> exactly_one_of{}; ///< of a section: keys of which one must be there
  std::vector<description> children{};       ///< keys of a section; the element of a list or map

  key_info key{};                ///< of a section's child
  std::optional<node> initial{}; ///< its default; nothing where there is none
};

} // namespace limpet::config
