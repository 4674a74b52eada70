#pragma once

#include "proxy/net/deadline.hpp"
#include "proxy/net/stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace limpet::net {

/// A folder that goes with its owner; its name is short, for socket paths are.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  std::string file(std::string_view name) const { return (path_ / name).string(); }

private:
  std::filesystem::path path_;
};

/// How long a test waits for what is bound to come, before it fails.
inline constexpr std::chrono::seconds long_enough{10};

/// One worker's event loop, run by the test until what it waits for is there.
class loop {
public:
  io_context io{1};
  deadline_wheel wheel{io};

  /// The result of a coroutine; it throws where the coroutine does, or never ends.
  template <class T>
  T run(awaitable<T> work) {
    std::optional<T> result;
    std::exception_ptr escaped;
    asio::co_spawn(io.get_executor(), std::move(work), [&](std::exception_ptr e, T value) {
      escaped = e;
      result.emplace(std::move(value));
    });
    run_until([&] { return escaped || result.has_value(); });
    if (escaped) std::rethrow_exception(escaped);
    if (!result) throw std::runtime_error("the coroutine did not end");
    return std::move(*result);
  }

  /// Runs handlers until `done` is true; false where that never comes.
  template <class Done>
  bool run_until(Done done) {
    const auto until = clock::now() + long_enough;
    io.restart();
    while (!done() && clock::now() < until)
      io.run_one_until(until);
    return done();
  }
};

/// Two ends of one connection in this process.
struct stream_pair {
  explicit stream_pair(loop& on);
  std::unique_ptr<stream> near, far;
};

/// What `to` has to read, without waiting; "" where there is nothing or the peer has ended.
std::string read_now(stream& from);
/// Writes without waiting; how many bytes were taken.
std::size_t write_now(stream& to, std::string_view text);

} // namespace limpet::net
