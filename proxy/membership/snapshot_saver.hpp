#pragma once

#include "proxy/membership/snapshot.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace limpet::membership {

/// Keeps a pool's snapshot on disk up to date: one write a second at most, since a pool that changes all the
/// time must not keep the disk busy. Says once that it cannot write, and once that it can again.
class snapshot_saver {
public:
  snapshot_saver(boost::asio::any_io_executor executor, const std::string& folder, std::string pool);
  ~snapshot_saver() { stop(); }
  snapshot_saver(const snapshot_saver&) = delete;
  snapshot_saver& operator=(const snapshot_saver&) = delete;

  void save_soon(member_list list);
  /// Writes what is still to be written. Blocks for as long as the disk does. Safe to call twice.
  void stop();

private:
  void save();

  std::string pool_;
  snapshot_file file_;
  boost::asio::steady_timer timer_;
  member_list list_;
  bool is_due_ = false;
  bool is_failing_ = false;
  std::shared_ptr<void> alive_ = std::make_shared<char>(); ///< the timer's handler may still be queued
};

} // namespace limpet::membership
