#pragma once

#include <cstddef>
#include <string>

namespace limpet::config {

struct file_result {
  std::string text;
  std::string error; ///< "cannot read "x": No such file or directory"; empty where it was read
};

/// Reads a regular file of at most `bytes_max`. Refuses what is none, since opening or reading a pipe may
/// wait for ever.
file_result read_file(const std::string& path, std::size_t bytes_max);

bool file_exists(const std::string& path);

} // namespace limpet::config
