#include "tests/config/support.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace limpet::config::test {

std::optional<std::string> small_environment(const std::string& name) {
  if (name == "LIMPET_KEY") return "0123456789abcdef0123456789abcdef";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

load_result load(const std::string& yaml, role who) {
  return load_text(yaml, "f", who, small_environment);
}

std::string with(const std::string& more) {
  return "listeners: [{address: ':8080'}]\n"
         "routes: [{pool: a}]\n"
         "pools: {a: {members: {etcd: {}}}}\n" +
         more;
}

std::string with_pool(const std::string& lines) {
  return "listeners: [{address: ':8080'}]\n"
         "routes: [{pool: a}]\n"
         "pools:\n"
         "  a:\n" +
         lines;
}

std::vector<std::string> lines(const std::vector<issue>& issues) {
  std::vector<std::string> out;
  for (const issue& i : issues) {
    std::string line = std::to_string(i.line) + ':' + std::to_string(i.column) + ' ' + i.message;
    if (!i.hint.empty()) line += " (" + i.hint + ')';
    out.push_back(std::move(line));
  }
  return out;
}

std::vector<std::string> errors_of(const std::string& yaml, role who) {
  return lines(load(yaml, who).errors);
}

temporary_file::temporary_file(const std::string& text) {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder ? folder : "/tmp") + "/limpet-config-XXXXXX";
  const int fd = ::mkstemp(path_.data());
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written) throw std::runtime_error("cannot write " + path_);
}

temporary_file::~temporary_file() {
  ::unlink(path_.c_str());
}

} // namespace limpet::config::test
