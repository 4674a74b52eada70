#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::bench {

/// What a member answers to a request's head.
struct answer {
  std::string_view fixed;       ///< prepared, lives as long as the program
  std::string made;             ///< where nothing is prepared
  std::uint64_t body_bytes = 0; ///< of the request, to be read before the answer
  bool opens_tunnel = false;
};

/// The prepared answers of one member, which name it in X-Member:
///   /      100 bytes, also to an upload          /echo  the request's head as it arrived
///   /16k   16 KiB     /128k  128 KiB     /1m   1 MiB
///   /ws    the WebSocket echo
class answers {
public:
  explicit answers(const std::string& member);
  /// `head` ends with its empty line.
  answer to(std::string_view head) const;

private:
  std::string member_;
  std::string small_, large_, larger_, huge_, tunnel_;
};

} // namespace limpet::bench
