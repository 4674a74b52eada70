#pragma once

#include "tests/consistency/history/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limpet::consistency::imaginary {

/// A file of lines that come in any order and are written by time, as a process writes its log.
class sorted_log {
public:
  explicit sorted_log(const std::string& path)
      : path_(path), file_(path, std::ios::binary | std::ios::trunc) {}

  template <class... Args>
  void add(time_ns at, fmt::format_string<Args...> text, Args&&... args) {
    const auto start = bytes_.size();
    fmt::format_to(std::back_inserter(bytes_), text, std::forward<Args>(args)...);
    lines_.push_back({at, start, bytes_.size() - start});
  }
  /// Writes what came since the last time.
  void flush() {
    std::ranges::stable_sort(lines_, {}, &line::at);
    for (const auto& l : lines_)
      file_.write(bytes_.data() + l.start, static_cast<std::streamsize>(l.size));
    if (!file_.flush()) throw std::runtime_error(path_ + " cannot be written");
    lines_.clear();
    bytes_.clear();
  }

private:
  struct line {
    time_ns at;
    std::size_t start;
    std::size_t size;
  };
  std::string path_;
  std::ofstream file_;
  std::string bytes_;
  std::vector<line> lines_;
};

} // namespace limpet::consistency::imaginary
