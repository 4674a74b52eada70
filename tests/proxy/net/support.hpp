#pragma once

#include "proxy/net/event_loop.hpp"
#include "proxy/net/stream.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
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
  event_loop events;

  /// The result of a coroutine; it throws where the coroutine does, or never ends.
  template <class T>
  T run(task<T> work) {
    running<T> started(std::move(work));
    run_until([&] { return started.has_ended(); });
    return started.result();
  }
  error_code run(stream::wait wait) { return run(await(wait)); }

  /// Runs what is due until `done` is true; false where that never comes.
  template <class Done>
  bool run_until(Done done) {
    const auto until = clock::now() + long_enough;
    while (!done() && clock::now() < until)
      events.run_once(milliseconds(100));
    return done();
  }
  /// Runs what is due by now, without waiting.
  void poll() {
    for (int turns = 0; turns < 4; ++turns)
      events.run_once(milliseconds(0));
  }
  /// Lets that much time pass for the deadlines; the loop's own next turn takes it back.
  void pass(clock::duration time) { events.wheel().advance(clock::now() + time); }

  /// A coroutine that runs beside the test.
  template <class T>
  class running {
  public:
    explicit running(task<T> work) : body_(run(std::move(work), *this)) { body_.start(&on_end, this); }
    running(const running&) = delete;
    bool has_ended() const { return has_ended_; }
    T result() {
      if (escaped_) std::rethrow_exception(escaped_);
      if (!result_) throw std::runtime_error("the coroutine did not end");
      return std::move(*result_);
    }

  private:
    static task<> run(task<T> work, running& self) { self.result_.emplace(co_await work); }
    static void on_end(void* self, std::exception_ptr escaped) {
      static_cast<running*>(self)->escaped_ = escaped;
      static_cast<running*>(self)->has_ended_ = true;
    }
    std::optional<T> result_;
    std::exception_ptr escaped_;
    bool has_ended_ = false;
    task<> body_;
  };

private:
  static task<error_code> await(stream::wait& wait) { co_return co_await wait; }
};

/// Two ends of one connection in this process.
struct stream_pair {
  explicit stream_pair(loop& on);
  std::unique_ptr<stream> near, far;
};

/// What `from` has to read, without waiting; "" where there is nothing, as far as the loop has heard, or the
/// peer has ended.
std::string read_now(stream& from);
/// Writes without waiting; how many bytes were taken.
std::size_t write_now(stream& to, std::string_view text);
/// The same with a socket of which no loop knows.
std::string read_now(int socket);
std::size_t write_now(int socket, std::string_view text);

} // namespace limpet::net
