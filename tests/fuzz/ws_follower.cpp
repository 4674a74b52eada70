// The WebSocket follower against a plain reading of the frames: where messages end, and what the close says.

#include "proxy/http/ws_follower.hpp"

#include "tests/fuzz/support.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace limpet;
using namespace limpet::fuzz;
using http::ws_follower;

struct plain_frames {
  std::vector<bool> boundary; ///< [n]: n bytes bring the direction between two messages
  std::vector<bool> closed;   ///< [n]: a close frame's header is among the first n bytes
  std::vector<std::optional<std::uint16_t>> code;
};

class reader {
public:
  explicit reader(std::string_view bytes) : bytes_(bytes), out_{} {
    const auto positions = bytes.size() + 1;
    out_.boundary.assign(positions, false);
    out_.closed.assign(positions, false);
    out_.code.assign(positions, std::nullopt);
  }

  plain_frames read() {
    mark_boundary();
    while (frame()) {
    }
    return std::move(out_);
  }

private:
  std::size_t left() const { return bytes_.size() - at_; }
  std::uint8_t byte(std::size_t index) const { return static_cast<std::uint8_t>(bytes_[at_ + index]); }
  void mark_boundary() { out_.boundary[at_] = !fragments_; }

  bool frame() {
    if (left() < 2) return false;
    const unsigned opcode = byte(0) & 15;
    const bool fin = byte(0) >= 0x80, masked = byte(1) >= 0x80;
    std::uint64_t length = byte(1) & 127;
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    const std::size_t header = 2 + extra + (masked ? 4 : 0);
    if (left() < header) return false;
    if (extra) length = 0;
    for (std::size_t i = 0; i < extra; ++i)
      length = length * 256 + byte(2 + i);
    if (opcode < 8) fragments_ = !fin;
    if (opcode == 8) close(header, length, masked ? header - 4 : 0);
    at_ += header;
    if (length > left()) return false;
    at_ += static_cast<std::size_t>(length);
    mark_boundary();
    return true;
  }

  void close(std::size_t header, std::uint64_t length, std::size_t mask) {
    std::fill(out_.closed.begin() + static_cast<std::ptrdiff_t>(at_ + header), out_.closed.end(), true);
    if (length < 2 || left() < header + 2) return;
    const auto value = [&](std::size_t i) {
      return static_cast<std::uint16_t>(byte(header + i) ^ (mask ? byte(mask + i) : 0));
    };
    std::fill(out_.code.begin() + static_cast<std::ptrdiff_t>(at_ + header + 2), out_.code.end(),
              static_cast<std::uint16_t>(value(0) * 256 + value(1)));
  }

  std::string_view bytes_;
  plain_frames out_;
  std::size_t at_ = 0;
  bool fragments_ = false;
};

void check_at(const ws_follower& follower, const plain_frames& plain, std::string_view bytes, std::size_t at,
              std::size_t ahead) {
  FUZZ_CHECK(follower.between_messages() == plain.boundary[at]);
  FUZZ_CHECK(follower.saw_close() == plain.closed[at]);
  FUZZ_CHECK(follower.close_code() == plain.code[at]);
  const auto from = plain.boundary.begin() + static_cast<std::ptrdiff_t>(at);
  const auto found = std::find(from, from + static_cast<std::ptrdiff_t>(ahead) + 1, true);
  const auto claimed = follower.boundary_in(exact_bytes(bytes.substr(at, ahead)).view());
  FUZZ_CHECK(claimed.has_value() == (found != from + static_cast<std::ptrdiff_t>(ahead) + 1));
  if (claimed) FUZZ_CHECK(*claimed == static_cast<std::size_t>(found - from));
}

/// A close frame of our own, where it may be put, is one message with that code.
void check_own_close(ws_follower follower, std::string_view reason) {
  if (!follower.between_messages()) return;
  for (const bool masked : {false, true}) {
    auto after = follower;
    after.feed(http::make_close_frame(1001, reason, masked));
    FUZZ_CHECK(after.between_messages() && after.saw_close() && after.close_code() == 1001);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto plain = reader(bytes).read();
  for (const auto& pieces : splits_of(bytes)) {
    ws_follower follower;
    std::size_t at = 0;
    for (const auto piece : pieces) {
      check_at(follower, plain, bytes, at, piece);
      follower.feed(exact_bytes(bytes.substr(at, piece)).view());
      at += piece;
    }
    check_at(follower, plain, bytes, at, 0);
    check_own_close(follower, bytes);
  }
  return 0;
}
