#include "proxy/http/h1/body.hpp"

#include <algorithm>

namespace limpet::http::h1 {

body_decoder::part body_decoder::decode(std::span<char> bytes) {
  switch (framing_.how) {
  case framing::kind::none:
    return {};
  case framing::kind::length: {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= count;
    done_ = left_ == 0;
    return {bytes.first(count), count, false};
  }
  case framing::kind::until_close:
    return {bytes, bytes.size(), false};
  case framing::kind::chunked:
    break;
  }
  const auto r = chunks_.decode(bytes);
  done_ = r.outcome == chunked_decoder::status::done;
  return {bytes.first(r.data), r.consumed, r.outcome == chunked_decoder::status::malformed};
}

std::size_t body_decoder::read_at_most(std::size_t room) const noexcept {
  if (framing_.how != framing::kind::length) return room;
  return static_cast<std::size_t>(std::min<std::uint64_t>(left_, room));
}

std::span<iovec> body_encoder::encode(std::string_view head, std::span<const char> data, bool last,
                                      std::string_view trailers) {
  std::size_t count = 0;
  const auto add = [&](std::string_view text) {
    if (!text.empty()) pieces_[count++] = {const_cast<char*>(text.data()), text.size()};
  };
  add(head);
  if (chunked_ && !data.empty()) {
    line_ = make_chunk_header(data.size());
    add(line_.view());
  }
  add({data.data(), data.size()});
  if (!chunked_) return {pieces_.data(), count};
  if (!last) {
    if (!data.empty()) add("\r\n");
    return {pieces_.data(), count};
  }
  add(data.empty() ? "0\r\n" : "\r\n0\r\n");
  add(trailers);
  add("\r\n");
  return {pieces_.data(), count};
}

} // namespace limpet::http::h1
