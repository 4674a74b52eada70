#include "tests/consistency/load/list_file.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace limpet::load {

list_file::list_file(std::string folder, std::string writer)
    : folder_(std::move(folder)), unfinished_(folder_ + "/." + std::move(writer)) {}

list list_file::load(const std::string& session) const {
  std::ifstream file(folder_ + "/" + session);
  if (!file) return {};
  std::string text;
  std::getline(file, text);
  auto values = parse_list(text);
  if (!values) throw std::runtime_error("no list in the store: " + session);
  return std::move(*values);
}

void list_file::save(const std::string& session, const list& values) const {
  {
    std::ofstream file(unfinished_);
    file << to_text(values) << '\n';
  }
  if (std::rename(unfinished_.c_str(), (folder_ + "/" + session).c_str()) != 0)
    throw std::system_error(errno, std::generic_category(), "a list's file");
}

} // namespace limpet::load
