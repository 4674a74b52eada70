#include "proxy/http/ws_follower.hpp"

#include <algorithm>

namespace limpet::http {

namespace {

constexpr std::uint8_t opcode_close = 0x8;
constexpr std::uint8_t first_control_opcode = 0x8;

} // namespace

std::size_t ws_follower::header_size() const noexcept {
  if (header_bytes_ < 2) return 2;
  const auto length = header_[1] & 0x7f;
  return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0u) + ((header_[1] & 0x80) ? 4u : 0u);
}

void ws_follower::header_complete() noexcept {
  const bool fin = header_[0] & 0x80;
  opcode_ = header_[0] & 0x0f;
  masked_ = header_[1] & 0x80;
  const unsigned short_length = header_[1] & 0x7f;
  const unsigned length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  payload_left_ = length_bytes ? 0 : short_length;
  for (unsigned i = 0; i < length_bytes; ++i)
    payload_left_ = payload_left_ << 8 | header_[2 + i];
  if (masked_) std::copy_n(header_ + 2 + length_bytes, 2, mask_);
  if (opcode_ < first_control_opcode) in_fragments_ = !fin;
  if (opcode_ == opcode_close) close_seen_ = true;
  close_bytes_ = 0;
  header_bytes_ = 0;
}

void ws_follower::look_at_close_payload(std::string_view bytes) noexcept {
  for (std::size_t i = 0; i < bytes.size() && close_bytes_ < 2; ++i, ++close_bytes_) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]) ^ (masked_ ? mask_[close_bytes_] : 0);
    partial_code_ = static_cast<std::uint16_t>(partial_code_ << 8 | byte);
    if (close_bytes_ == 1) close_code_ = partial_code_;
  }
}

std::size_t ws_follower::step(std::string_view bytes) noexcept {
  if (payload_left_ > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
    if (opcode_ == opcode_close) look_at_close_payload(bytes.substr(0, count));
    payload_left_ -= count;
    return count;
  }
  header_[header_bytes_++] = static_cast<std::uint8_t>(bytes.front());
  if (header_bytes_ >= 2 && header_bytes_ == header_size()) header_complete();
  return 1;
}

void ws_follower::feed(std::string_view bytes) noexcept {
  while (!bytes.empty())
    bytes.remove_prefix(step(bytes));
}

std::optional<std::size_t> ws_follower::boundary_in(std::string_view bytes) const noexcept {
  auto ahead = *this;
  std::size_t used = 0;
  while (!ahead.between_messages()) {
    if (used == bytes.size()) return {};
    used += ahead.step(bytes.substr(used));
  }
  return used;
}

std::string make_close_frame(std::uint16_t code, std::string_view reason, bool masked) {
  reason = reason.substr(0, 123);
  std::string frame;
  frame.push_back(static_cast<char>(0x80 | opcode_close));
  frame.push_back(static_cast<char>((masked ? 0x80 : 0) | (2 + reason.size())));
  if (masked) frame.append(4, '\0');
  frame.push_back(static_cast<char>(code >> 8));
  frame.push_back(static_cast<char>(code & 0xff));
  frame.append(reason);
  return frame;
}

} // namespace limpet::http
