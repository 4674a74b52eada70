#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::load {

/// The time that all logs of a history have in common: CLOCK_MONOTONIC of the one machine.
std::uint64_t now_ns() noexcept;

/// A file that lines are added to, each by one write(2), so that one who is killed leaves whole lines and at
/// most one that was begun.
class line_log {
public:
  /// Throws std::system_error where the file cannot be opened.
  explicit line_log(const std::string& path);
  ~line_log();
  line_log(const line_log&) = delete;
  line_log& operator=(const line_log&) = delete;

  /// `line` has its newline. Throws std::system_error: a history with holes proves nothing.
  void write(std::string_view line);

private:
  int file_;
};

} // namespace limpet::load
