#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace limpet::test {

/// Runs an io_context on the test's own thread.
class test_io {
public:
  boost::asio::io_context context;

  /// Runs until `holds`; throws std::runtime_error naming `what` after `limit`.
  void run_until(const std::function<bool()>& holds, const std::string& what,
                 std::chrono::milliseconds limit = std::chrono::seconds(60)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
      if (std::chrono::steady_clock::now() >= deadline)
        throw std::runtime_error("waited in vain for " + what);
      context.restart();
      context.run_one_for(std::chrono::milliseconds(20));
    }
  }

  /// Runs a coroutine to its end.
  template <class T>
  T await(boost::asio::awaitable<T> work) {
    std::optional<T> answer;
    std::exception_ptr escaped;
    boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr failed, T result) {
      escaped = failed;
      answer.emplace(std::move(result));
    });
    run_until([&] { return answer.has_value(); }, "a coroutine");
    if (escaped) std::rethrow_exception(escaped);
    return std::move(*answer);
  }
};

} // namespace limpet::test
