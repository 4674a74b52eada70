#pragma once

#include "proxy/http/message.hpp"
#include "proxy/http/refusal.hpp"

#include <ostream>
#include <string_view>

/// How gtest shows the values that tests compare.
namespace limpet::http {

inline void PrintTo(refusal r, std::ostream* out) {
  *out << facts_of(r).name;
}

inline void PrintTo(method m, std::ostream* out) {
  *out << name_of(m);
}

inline void PrintTo(framing::kind kind, std::ostream* out) {
  constexpr std::string_view names[] = {"none", "length", "chunked", "until_close"};
  *out << names[static_cast<std::size_t>(kind)];
}

} // namespace limpet::http
