#pragma once

#include "proxy/http/record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

namespace limpet::ops {

/// The access log: JSON lines, one a record (see access_record_json.hpp), to standard output or a file.
///
/// Each worker writes into a sink of its own, which gathers lines and hands them over in batches; a thread of
/// the log's own writes them. Workers never wait for it. Records are dropped, and counted, where the queue is
/// full or where the output refuses them (a full disk, a pipe without a reader); writing begins again as soon
/// as the output takes it, at a line's beginning.
class access_log {
public:
  struct limits {
    std::size_t queue_bytes = 8 * 1024 * 1024; ///< handed over and not yet written
    std::size_t batch_bytes = 16 * 1024;       ///< a sink hands over when it has so many
    std::chrono::milliseconds stop{1'000};     ///< for what is queued to be written at the end
  };

  /// One worker's end of the log; touched by that worker's thread alone. May outlive the log.
  class sink : public http::record_sink {
  public:
    /// Hands over what was gathered. For a timer of some 100 ms, so that a quiet proxy's lines do not wait
    /// for company.
    virtual void flush() = 0;
  };

  /// `destination` is "stdout" or a path. A file is appended to, or made with mode 0640. Throws
  /// boost::system::system_error where it cannot be opened; a FIFO that has no reader yet is no error.
  explicit access_log(const std::string& destination) : access_log(destination, limits{}) {}
  access_log(const std::string& destination, limits most);
  /// As stop().
  ~access_log();
  access_log(const access_log&) = delete;

  std::unique_ptr<sink> make_sink();
  /// Opens the path anew, after the file was renamed by whoever rotates logs. Returns at once. Where the new
  /// file cannot be opened, the old one stays. Does nothing for standard output.
  void reopen();
  /// Writes what is queued, for at most limits::stop, and ends the thread; what comes later is dropped. Flush
  /// the sinks before. Safe to call twice.
  void stop();

  std::uint64_t dropped() const noexcept; ///< records
  std::uint64_t failed() const noexcept;  ///< writes and openings that the system refused

private:
  struct shared;
  class writer;
  class batch_sink;

  std::shared_ptr<shared> shared_;
  std::thread thread_;
};

} // namespace limpet::ops
