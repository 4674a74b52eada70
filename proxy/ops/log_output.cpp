#include "proxy/ops/log_output.hpp"

#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits.h>
#include <utility>

namespace limpet::ops {

namespace {

using boost::system::error_code;

constexpr mode_t file_mode = 0640;

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

/// A FIFO whose reader has not come yet.
bool waits_for_reader(const error_code& error) noexcept {
  return error.value() == ENXIO;
}

class never_waiting final : public log_output::waiter {
  bool wait_writable(int) override { return false; }
};

} // namespace

log_output::log_output(std::string destination) : destination_(std::move(destination)) {
  if (const auto error = open(); error && !waits_for_reader(error))
    throw boost::system::system_error(error, "access log " + destination_);
}

/// Not to block is for FIFOs, whose readers may be slow or gone. Standard output keeps its mode: others may
/// share it.
error_code log_output::open() {
  net::unique_fd opened;
  if (!is_stdout()) {
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    opened = net::unique_fd(::open(destination_.c_str(), flags, file_mode));
    if (!opened) return last_error();
  }
  const int fd = is_stdout() ? STDOUT_FILENO : opened.get();
  struct stat status {};
  if (::fstat(fd, &status) != 0) return last_error();
  file_ = std::move(opened);
  fd_ = fd;
  is_regular_ = S_ISREG(status.st_mode);
  return {};
}

/// Into a regular file all at once, else as many whole lines as a pipe takes in one go. A longer line goes by
/// itself.
std::string_view log_output::next_piece(std::string_view lines) const noexcept {
  if (is_regular_ || lines.size() <= PIPE_BUF) return lines;
  const auto last = lines.rfind('\n', PIPE_BUF - 1);
  return lines.substr(0, (last == std::string_view::npos ? lines.find('\n') : last) + 1);
}

/// Takes from `piece` what was written.
log_output::end log_output::write_piece(std::string_view& piece, waiter& waits, error_code& error) {
  while (!piece.empty()) {
    const auto written = ::write(fd_, piece.data(), piece.size());
    if (written > 0) {
      piece.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      if (!waits.wait_writable(fd_)) return end::interrupted;
      continue;
    }
    error = written == 0 ? error_code(EIO, boost::system::system_category()) : last_error();
    return end::refused;
  }
  return end::done;
}

/// Nothing more can be written. A line that was begun is kept to be ended.
log_output::result log_output::stopped_in(std::string_view unwritten, std::string_view lines, end how,
                                          error_code error) {
  const auto done = lines.size() - unwritten.size();
  const bool at_line = done == 0 || lines[done - 1] == '\n';
  const auto torn = at_line ? 0 : unwritten.find('\n') + 1;
  tail_ = unwritten.substr(0, torn);
  return {how, unwritten.substr(torn), error};
}

/// Ends the line that was begun, if there is one.
log_output::end log_output::write_tail(waiter& waits, error_code& error) {
  std::string_view unwritten = tail_;
  const auto how = write_piece(unwritten, waits, error);
  tail_.erase(0, tail_.size() - unwritten.size());
  return how;
}

log_output::result log_output::write(std::string_view lines, waiter& waits) {
  error_code error;
  if (fd_ < 0) error = open();
  if (error) return {end::refused, lines, error};
  if (const auto how = write_tail(waits, error); how != end::done) return {how, lines, error};
  while (!lines.empty()) {
    auto piece = next_piece(lines);
    const auto size = piece.size();
    if (const auto how = write_piece(piece, waits, error); how != end::done)
      return stopped_in(lines.substr(size - piece.size()), lines, how, error);
    lines.remove_prefix(size);
  }
  return {};
}

log_output::reopened log_output::reopen() {
  if (is_stdout()) return {};
  never_waiting never;
  error_code ignored;
  if (fd_ >= 0) write_tail(never, ignored);
  if (const auto error = open()) return {error};
  return {{}, !std::exchange(tail_, {}).empty()};
}

} // namespace limpet::ops
