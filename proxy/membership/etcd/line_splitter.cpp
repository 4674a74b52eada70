#include "proxy/membership/etcd/line_splitter.hpp"

namespace limpet::etcd {

bool line_splitter::append(std::string_view bytes) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_ += bytes;
  const std::size_t last_end = bytes.rfind('\n');
  unfinished_bytes_ =
      last_end == std::string::npos ? unfinished_bytes_ + bytes.size() : bytes.size() - last_end - 1;
  return unfinished_bytes_ <= line_bytes_max_;
}

std::optional<std::string_view> line_splitter::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    const std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = scanned_ = end + 1;
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) return line;
  }
}

} // namespace limpet::etcd
