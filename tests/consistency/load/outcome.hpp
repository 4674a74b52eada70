#pragma once

#include "tests/consistency/load/operation.hpp"

#include <cstdint>
#include <string_view>

namespace limpet::load {

/// What a client knows of an operation: executed, certainly not executed, or neither.
enum class outcome : std::uint8_t { ok, no, unknown };

struct reply {
  outcome how = outcome::unknown;
  list values;                ///< of a read that is ok
  bool is_cut = false;        ///< the proxy was not reached, or the connection is lost
  bool is_unheard_of = false; ///< a status that no proxy should give to such a request
};

/// Of an HTTP answer to an operation.
reply reply_of(kind what, unsigned status, std::string_view content);
/// Of a message in a WebSocket.
reply reply_of(const operation& asked, std::string_view message);

} // namespace limpet::load
