#include "tests/consistency/history/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace limpet::consistency {

mapped_file::mapped_file(const std::string& path, std::error_code& error) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info = {};
  if (file < 0 || ::fstat(file, &info) != 0) {
    error.assign(errno, std::generic_category());
  } else if (info.st_size > 0) {
    const auto size = static_cast<std::size_t>(info.st_size);
    void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (start == MAP_FAILED)
      error.assign(errno, std::generic_category());
    else
      bytes_ = {static_cast<const char*>(start), size};
  }
  if (file >= 0) ::close(file);
}

mapped_file::~mapped_file() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

} // namespace limpet::consistency
