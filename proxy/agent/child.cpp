#include "proxy/agent/child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace limpet::agent {
namespace {

/// Between fork and exec: system calls only. Tells `report` the error number where it cannot go on.
[[noreturn]] void become(char* const* argv, pid_t agent, int report) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != agent) ::_exit(1); // it died before it could be watched
  // What is ignored or blocked stays so across exec; a backend expects the defaults.
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execvp(argv[0], argv);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(127);
}

/// The error number that the child could not go on for; 0 once exec has closed the pipe.
int read_report(int fd) {
  int error = 0;
  ssize_t count = 0;
  do {
    count = ::read(fd, &error, sizeof error);
  } while (count < 0 && errno == EINTR);
  return count == sizeof error ? error : 0;
}

} // namespace

child::child(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  words.reserve(argv.size() + 1);
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);

  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
  const pid_t agent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(words.data(), agent, report[1]);
  int error = pid_ < 0 ? errno : 0;
  ::close(report[1]);
  if (pid_ > 0) error = read_report(report[0]);
  ::close(report[0]);
  if (error == 0) {
    is_running_ = true;
    return;
  }
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  throw std::runtime_error("cannot start '" + argv.front() + "': " + std::strerror(error));
}

void child::ended(int wait_status) noexcept {
  is_running_ = false;
  exit_code_ = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

void child::send(int signal) const noexcept {
  if (is_running_) ::kill(pid_, signal);
}

} // namespace limpet::agent
