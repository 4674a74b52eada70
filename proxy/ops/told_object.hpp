#pragma once

#include <boost/json/fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Reading what an admin server told, to print it: the object may come from another process, so nothing in
/// it is taken for granted, and no control character gets through to a terminal.
namespace limpet::ops {

/// `text` with "?" for each control character, C1 controls in UTF-8 included, and U+FFFD for what is not
/// UTF-8.
std::string printable(std::string_view text);

/// The value; nullptr where there is none, or null.
const boost::json::value* find(const boost::json::object& in, std::string_view name);

/// The value's text, printable: a string's own, or JSON; empty where there is none.
std::string text_of(const boost::json::object& in, std::string_view name);

/// The value where it is an object, else an empty one.
const boost::json::object& object_of(const boost::json::object& in, std::string_view name);

/// The value where it is an array, else an empty one.
const boost::json::array& array_of(const boost::json::object& in, std::string_view name);

/// Whether the value is true.
bool is_true(const boost::json::object& in, std::string_view name);

/// The value where it is true or false.
std::optional<bool> truth_of(const boost::json::object& in, std::string_view name);

/// The value where it is a whole number from 0 on.
std::optional<std::uint64_t> number_of(const boost::json::object& in, std::string_view name);

} // namespace limpet::ops
