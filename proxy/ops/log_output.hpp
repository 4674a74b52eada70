#pragma once

#include "proxy/net/listen_socket.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace limpet::ops {

/// Where log lines end: standard output or a file, which may be a FIFO or a device. Takes whole lines, and
/// leaves no torn one behind: what a full disk cut off is written before anything else once there is room.
/// Into pipes it writes so little at once (PIPE_BUF) that the kernel takes a line whole or not at all; only a
/// line longer than that can be cut by a reader that leaves.
class log_output {
public:
  /// Told that the output takes nothing now: waits until the descriptor is writable and returns true, or
  /// returns false to interrupt the writing.
  class waiter {
  public:
    virtual bool wait_writable(int fd) = 0;

  protected:
    ~waiter() = default;
  };

  enum class end : std::uint8_t {
    done,
    refused,     ///< by the system, see `error`
    interrupted, ///< by the waiter
  };
  struct result {
    end how = end::done;
    std::string_view rest; ///< whole lines that were not written
    boost::system::error_code error;
  };

  /// "stdout" or a path; see access_log.
  explicit log_output(std::string destination);

  /// Writes `lines`, of which each ends with a newline. SIGPIPE and SIGXFSZ must be blocked or ignored.
  result write(std::string_view lines, waiter& waits);

  struct reopened {
    boost::system::error_code error;
    bool left_torn = false; ///< the old file keeps a line that has no end
  };
  /// Opens the path anew; on an error the old file stays. Not for standard output.
  reopened reopen();

  /// Whether the last line written has no end yet.
  bool in_a_line() const noexcept { return !tail_.empty(); }

private:
  boost::system::error_code open();
  bool is_stdout() const noexcept { return destination_ == "stdout"; }
  std::string_view next_piece(std::string_view lines) const noexcept;
  end write_piece(std::string_view& piece, waiter& waits, boost::system::error_code& error);
  end write_tail(waiter& waits, boost::system::error_code& error);
  result stopped_in(std::string_view unwritten, std::string_view lines, end how,
                    boost::system::error_code error);

  std::string destination_;
  net::unique_fd file_; ///< none for standard output, and for a FIFO that has no reader yet
  int fd_ = -1;
  bool is_regular_ = false; ///< a regular file
  std::string tail_;        ///< the end of a line that was written in part
};

} // namespace limpet::ops
