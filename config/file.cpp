#include "config/file.hpp"

#include "config/reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace limpet::config {

namespace {

class descriptor {
public:
  explicit descriptor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  int get() const { return fd_; }

private:
  int fd_;
};

file_result failed(const std::string& path, const std::string& why) {
  return {{}, "cannot read " + quoted(path) + ": " + why};
}

file_result failed(const std::string& path, int error) {
  return failed(path, std::generic_category().message(error));
}

} // namespace

file_result read_file(const std::string& path, std::size_t bytes_max) {
  const descriptor file(path);
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) return failed(path, errno);
  if (!S_ISREG(about.st_mode)) return failed(path, "not a regular file");
  std::string text(bytes_max + 1, '\0');
  std::size_t length = 0;
  while (length < text.size()) {
    const ssize_t n = ::read(file.get(), text.data() + length, text.size() - length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, errno);
    if (n == 0) break;
    length += static_cast<std::size_t>(n);
  }
  if (length > bytes_max) return failed(path, "larger than " + std::to_string(bytes_max) + " bytes");
  text.resize(length);
  return {std::move(text), {}};
}

bool file_exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

} // namespace limpet::config
