#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace limpet::consistency {

/// A file's bytes, mapped for reading. The file must not become shorter meanwhile: its writers are gone.
class mapped_file {
public:
  /// Sets `error` where the file cannot be mapped. An empty file is no error.
  mapped_file(const std::string& path, std::error_code& error);
  mapped_file(mapped_file&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  mapped_file& operator=(mapped_file&&) = delete;
  ~mapped_file();

  std::string_view bytes() const noexcept { return bytes_; }

private:
  std::string_view bytes_;
};

} // namespace limpet::consistency
