#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace limpet::etcd {

/// Cuts a stream of bytes into lines. The gateway writes one JSON object a line, and neither an HTTP chunk
/// nor a TCP segment says anything about where a line ends.
class line_splitter {
public:
  /// An unfinished line may hold `line_bytes_max` bytes.
  explicit line_splitter(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  /// Adds bytes. False once an unfinished line has passed the limit: the stream is of no further use.
  [[nodiscard]] bool append(std::string_view bytes);

  /// The next whole line without its end, empty ones left out. Valid until the next call of append.
  std::optional<std::string_view> next();

private:
  std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t begin_ = 0;            ///< of the first line not handed out
  std::size_t scanned_ = 0;          ///< no line end lies between begin_ and here
  std::size_t unfinished_bytes_ = 0; ///< after the last line end
};

} // namespace limpet::etcd
