#include "tests/bench/tools/websocket.hpp"

#include <array>
#include <cstring>

namespace limpet::bench {

namespace {

constexpr std::array<std::uint8_t, 4> mask{0x37, 0xfa, 0x21, 0x3d};

/// A word at a time, or the echo of a large message would cost the load's core more than the proxy's.
void apply_mask(const std::uint8_t* key, char* bytes, std::size_t size) {
  std::uint64_t word_key;
  std::memcpy(&word_key, key, 4);
  std::memcpy(reinterpret_cast<char*>(&word_key) + 4, key, 4);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    word ^= word_key;
    std::memcpy(bytes + i, &word, 8);
  }
  for (; i < size; ++i)
    bytes[i] = static_cast<char>(bytes[i] ^ key[i % 4]);
}

} // namespace

void read_frame(std::string_view bytes, frame& into) {
  into.size = 0;
  if (bytes.size() < 2) return;
  const auto* head = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const bool is_masked = (head[1] & 0x80) != 0;
  std::size_t length = head[1] & 0x7f;
  const std::size_t length_bytes = length == 126 ? 2 : length == 127 ? 8 : 0;
  const std::size_t payload_at = 2 + length_bytes + (is_masked ? 4 : 0);
  if (bytes.size() < payload_at) return;
  if (length_bytes > 0) length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length = length << 8 | head[2 + i];
  if (bytes.size() - payload_at < length) return;
  into.payload.assign(bytes, payload_at, length);
  if (is_masked) apply_mask(head + payload_at - 4, into.payload.data(), length);
  into.opcode = head[0] & 0x0f;
  into.size = payload_at + length;
}

void append_frame(std::string& out, std::uint8_t opcode, std::string_view payload, bool is_masked) {
  out += static_cast<char>(0x80 | opcode);
  const int mask_bit = is_masked ? 0x80 : 0;
  const auto append_length = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
      out += static_cast<char>(payload.size() >> (8 * i));
  };
  if (payload.size() < 126) {
    out += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
  } else if (payload.size() < 65'536) {
    out += static_cast<char>(mask_bit | 126);
    append_length(2);
  } else {
    out += static_cast<char>(mask_bit | 127);
    append_length(8);
  }
  if (is_masked) out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  out += payload;
  if (is_masked) apply_mask(mask.data(), out.data() + out.size() - payload.size(), payload.size());
}

std::string upgrade_request(std::string_view user) {
  std::string request = "GET /ws HTTP/1.1\r\nHost: bench.example\r\nX-User-Id: ";
  request += user;
  request +=
      "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  request += handshake_key;
  request += "\r\n\r\n";
  return request;
}

} // namespace limpet::bench
