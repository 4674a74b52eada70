#pragma once

#include "proxy/membership/source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <compare>
#include <memory>
#include <string>

namespace limpet::membership {

/// The members that stand in a file of their own (config/members_file.hpp). The file's folder is watched, so
/// that a file that is replaced by a rename, or that is not there yet, is seen; and the file is looked at
/// once a second besides, since a folder may be missing, a link may lead elsewhere, and a network file system
/// tells nothing. A file that does not parse, or is gone, leaves the last good list in force, marked stale.
/// The epoch counts the lists that differed.
class file_source : public source {
public:
  file_source(boost::asio::any_io_executor executor, std::string pool, std::string path);
  ~file_source() override { stop(); }

  /// Publishes before it returns, where the file can be read.
  void start(publish_function publish) override;
  void stop() override;
  source_status status() const override { return status_; }

private:
  /// What tells one state of the file from another without reading it; all zero where there is none.
  struct signature {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    friend bool operator==(const signature&, const signature&) = default;
  };

  static signature look_at(const std::string& path);
  void watch_folder();
  void wait_for_event();
  void check_after(std::chrono::milliseconds wait);
  void check();
  void reload();
  void keep_last(const std::string& problem);

  std::string pool_;
  std::string path_;
  std::string folder_;
  boost::asio::posix::stream_descriptor inotify_;
  boost::asio::steady_timer timer_;
  int watch_ = -1; ///< inotify's number for the folder; -1: not watched
  publish_function publish_;
  signature read_;
  bool is_read_ = false;
  member_list list_;
  source_status status_;
  bool is_stopped_ = false;
  std::shared_ptr<void> alive_ = std::make_shared<char>(); ///< handlers may still be queued when this goes
};

} // namespace limpet::membership
