#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// As much of RFC 6455 as an echo needs: whole binary frames, and the handshake of the RFC's own example, so
// that neither side has to compute a digest.

namespace limpet::bench {

inline constexpr std::string_view handshake_key = "dGhlIHNhbXBsZSBub25jZQ==";        // RFC 6455 section 1.3
inline constexpr std::string_view handshake_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; // the same

struct frame {
  std::size_t size = 0; ///< head and payload; 0: not all of it is there yet
  std::uint8_t opcode = 0;
  std::string payload; ///< unmasked
};

inline constexpr std::uint8_t opcode_binary = 2;
inline constexpr std::uint8_t opcode_close = 8;

/// The frame that `bytes` begin with. Writes over `into.payload`, whose memory is used again.
void read_frame(std::string_view bytes, frame& into);

/// Appends one whole frame; a client's are masked (RFC 6455 section 5.3).
void append_frame(std::string& out, std::uint8_t opcode, std::string_view payload, bool is_masked);

/// The request that opens a tunnel, for the session `user`.
std::string upgrade_request(std::string_view user);

} // namespace limpet::bench
