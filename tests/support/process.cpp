#include "tests/support/process.hpp"

#include "tests/support/temporary_folder.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace limpet::test {
namespace {

using clock = std::chrono::steady_clock;

/// Between fork and exec: nothing but system calls.
[[noreturn]] void become(char* const* argv, const char* log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (*log != '\0') {
    const int fd = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(fd, 1);
    ::dup2(fd, 2);
  }
  ::close_range(3, ~0U, 0); // the test's own sockets must end with the test's objects
  ::execvp(argv[0], argv);
  ::_exit(127);
}

/// Whether every thread is stopped: the state after the name in /proc/PID/task/TID/stat is T (proc(5)).
bool is_frozen(pid_t pid) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    const std::string stat = read_text(task.path() / "stat");
    if (stat.compare(stat.rfind(')') + 1, 2, " T") != 0) return false;
  }
  return true;
}

} // namespace

process::process(const std::vector<std::string>& argv, const std::string& log) {
  std::vector<char*> words;
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) become(words.data(), log.c_str());
}

process::~process() {
  kill();
}
process::process(process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), status_(std::exchange(other.status_, std::nullopt)) {}
process& process::operator=(process&& other) noexcept {
  if (this == &other) return *this;
  kill();
  pid_ = std::exchange(other.pid_, -1);
  status_ = std::exchange(other.status_, std::nullopt);
  return *this;
}

void process::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

void process::freeze() const {
  signal(SIGSTOP);
  wait_until([this] { return is_frozen(pid_); }, "the stop of process " + std::to_string(pid_));
}

void process::kill() {
  if (pid_ <= 0 || status_) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = 128 + SIGKILL;
}

std::optional<int> process::poll() {
  int status = 0;
  if (!status_ && pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

int process::wait(std::chrono::milliseconds limit) {
  wait_until([this] { return poll().has_value(); }, "the end of process " + std::to_string(pid_), limit);
  return *status_;
}

std::string run(const std::vector<std::string>& argv) {
  const temporary_folder folder;
  const std::string log = folder.path() + "/output";
  const int status = process(argv, log).wait();
  std::string output = read_text(log);
  if (status != 0)
    throw std::runtime_error(argv[0] + " ended with " + std::to_string(status) + ": " + output);
  return output;
}

void wait_until(const std::function<bool()>& holds, const std::string& what,
                std::chrono::milliseconds limit) {
  const auto deadline = clock::now() + limit;
  while (!holds()) {
    if (clock::now() >= deadline) throw std::runtime_error("waited in vain for " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool is_bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                        ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  if (!is_bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

std::string read_text(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

} // namespace limpet::test
