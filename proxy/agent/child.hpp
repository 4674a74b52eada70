#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace limpet::agent {

/// A backend that the agent started.
///
/// It runs in a process group of its own, so that a Ctrl-C at a terminal reaches the agent alone and the
/// backend is drained first. It gets SIGTERM from the kernel when the agent's thread that started it ends
/// (PR_SET_PDEATHSIG), so that a killed agent leaves no backend behind that nobody registers; a backend that
/// changes its user id by itself loses that. Files that the agent was given stay open in it; those that the
/// agent opens do not, as long as it is started first.
class child {
public:
  /// Starts argv[0], found in PATH, with the agent's environment and standard files. Throws
  /// std::runtime_error, naming it, where that fails.
  explicit child(const std::vector<std::string>& argv);
  child(const child&) = delete;
  child& operator=(const child&) = delete;

  pid_t pid() const noexcept { return pid_; }
  /// To be called with its status from waitpid, after which it gets no more signals.
  void ended(int wait_status) noexcept;
  bool is_running() const noexcept { return is_running_; }
  /// As a shell has it: the exit code, or 128 + the signal's number.
  int exit_code() const noexcept { return exit_code_; }
  void send(int signal) const noexcept;

private:
  pid_t pid_ = -1;
  bool is_running_ = false;
  int exit_code_ = 0;
};

} // namespace limpet::agent
