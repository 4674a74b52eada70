#include "proxy/membership/file_source.hpp"

#include "config/members_file.hpp"

#include <boost/asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include <sys/inotify.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <utility>

namespace limpet::membership {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

constexpr auto poll_period = 1s;
constexpr auto settle_time =
    20ms; ///< writers make several events; the first may come in the middle of a write

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

} // namespace

file_source::file_source(boost::asio::any_io_executor executor, std::string pool, std::string path)
    : pool_(std::move(pool)), path_(std::move(path)), folder_(folder_of(path_)), inotify_(executor),
      timer_(executor) {
  status_.kind = "file";
}

void file_source::start(publish_function publish) {
  publish_ = std::move(publish);
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd >= 0) {
    inotify_.assign(fd);
    inotify_.non_blocking(true); // Asio would otherwise wait where a read finds nothing
    wait_for_event();
  } else {
    spdlog::warn("pool {}: no inotify, so '{}' is only looked at once a second", pool_, path_);
  }
  check();
}

void file_source::stop() {
  if (std::exchange(is_stopped_, true)) return;
  timer_.cancel();
  error_code ignored;
  inotify_.close(ignored);
}

void file_source::watch_folder() {
  if (!inotify_.is_open()) return;
  constexpr std::uint32_t events =
      IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ONLYDIR;
  // Gives the same number again as long as the path leads to the same folder.
  const int number = ::inotify_add_watch(inotify_.native_handle(), folder_.c_str(), events);
  if (watch_ >= 0 && number != watch_) ::inotify_rm_watch(inotify_.native_handle(), watch_);
  watch_ = number;
}

void file_source::wait_for_event() {
  inotify_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this, alive = std::weak_ptr(alive_)](error_code aborted) {
                        if (aborted || alive.expired() || is_stopped_) return;
                        // Which file it was does not matter: a link may have been moved elsewhere in the
                        // folder.
                        std::array<char, 4096> events;
                        error_code drained;
                        while (!drained) {
                          inotify_.read_some(boost::asio::buffer(events), drained);
                        }
                        check_after(settle_time);
                        wait_for_event();
                      });
}

void file_source::check_after(std::chrono::milliseconds wait) {
  timer_.expires_after(wait);
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](error_code aborted) {
    if (!aborted && !alive.expired() && !is_stopped_) check();
  });
}

void file_source::check() {
  watch_folder();
  const signature now = look_at(path_);
  if (!is_read_ || now != read_) {
    is_read_ = true;
    read_ = now;
    reload();
  }
  if (!is_stopped_) check_after(poll_period);
}

file_source::signature file_source::look_at(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return {};
  return {about.st_dev, about.st_ino, about.st_size,
          about.st_mtim.tv_sec * 1'000'000'000 + about.st_mtim.tv_nsec};
}

void file_source::reload() {
  if (read_ == signature{}) return keep_last("the file '" + path_ + "' is not there");
  auto loaded = config::load_members(path_);
  if (!loaded.ok()) {
    ++status_.invalid_values;
    return keep_last(config::to_string(loaded.errors.front()));
  }
  status_.last_error.clear();
  if (status_.ready && !list_.stale && loaded.members == list_.members) return;
  const bool is_changed = !status_.ready || loaded.members != list_.members;
  list_ = {.members = std::move(loaded.members), .epoch = list_.epoch + (is_changed ? 1 : 0), .stale = false};
  status_.ready = true;
  status_.stale = false;
  status_.revision = list_.epoch;
  spdlog::info("pool {}: {} members from '{}'", pool_, list_.members.size(), path_);
  publish_(list_);
}

void file_source::keep_last(const std::string& problem) {
  ++status_.errors;
  status_.last_error = problem;
  status_.stale = true;
  if (!status_.ready) return spdlog::warn("pool {}: no members yet: {}", pool_, problem);
  spdlog::warn("pool {}: its {} members stay as they were: {}", pool_, list_.members.size(), problem);
  if (list_.stale) return;
  list_.stale = true;
  publish_(list_);
}

} // namespace limpet::membership
