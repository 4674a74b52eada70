#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace limpet::test {

/// A child process that is killed when this goes, and when the test dies.
class process {
public:
  process() = default;
  /// Starts argv[0], found in PATH, with both its outputs in `log` (empty: inherited). Throws
  /// std::runtime_error where that fails.
  process(const std::vector<std::string>& argv, const std::string& log);
  ~process();
  process(process&& other) noexcept;
  process& operator=(process&& other) noexcept;

  pid_t pid() const noexcept { return pid_; }
  void signal(int number) const;
  /// SIGSTOP, and waits until each of its threads has stopped: until then one may still answer.
  void freeze() const;
  /// Kills with SIGKILL and waits.
  void kill();
  /// The exit status as a shell has it (128 + signal); nothing while it runs.
  std::optional<int> poll();
  /// Waits for the end; throws std::runtime_error after `limit`.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds(30));

private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

/// Runs a command to its end; throws std::runtime_error with its output where it fails.
std::string run(const std::vector<std::string>& argv);

/// Waits until `holds` does; throws std::runtime_error naming `what` after `limit`.
void wait_until(const std::function<bool()>& holds, const std::string& what,
                std::chrono::milliseconds limit = std::chrono::seconds(30));

/// A TCP port of the loopback that was free a moment ago.
int free_port();

std::string read_text(const std::string& path);

} // namespace limpet::test
