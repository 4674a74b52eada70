#pragma once

#include "tests/proxy/http/strictness/table.hpp"

#include <string>
#include <string_view>
#include <vector>

/// HTTP/1.1 read by code that has nothing in common with the proxy's, to judge what the proxy sends. Stricter
/// than the standard asks: the proxy has no excuse.
namespace limpet::strictness {

/// What stands at the front of some bytes.
struct message {
  enum class state { whole, unfinished, malformed };
  state is = state::unfinished;
  std::string trouble;  ///< where malformed
  std::size_t size = 0; ///< where whole
  std::string first_line;
  std::vector<std::string> lines; ///< of the head and the trailers, without their CRLF
  std::string body;               ///< as far as it has come
  unsigned status = 0;            ///< of an answer

  /// The value of a field that is there once; "" where it is not, or is empty.
  std::string value_of(std::string_view name) const;
  std::size_t count_of(std::string_view name) const;
};

message read_request(std::string_view bytes);
/// `method` is what it answers; `has_ended`: nothing more comes, in good order.
message read_answer(std::string_view bytes, std::string_view method, bool has_ended);

arrived_request arrived(const message& request);

} // namespace limpet::strictness
