#pragma once

#include "tests/consistency/load/operation.hpp"

#include <string>

namespace limpet::load {

/// The store behind all members: a folder with a file a session, which holds its whole list. Whoever reads
/// while another writes sees the list before or after, and whoever writes last wins: it is the members'
/// owner that keeps them apart, and nothing here.
class list_file {
public:
  /// `writer` tells this member's unfinished files from those of others.
  list_file(std::string folder, std::string writer);

  /// The empty list where there is no file. Throws std::runtime_error where it is no list.
  list load(const std::string& session) const;
  /// Throws std::system_error where it cannot be written.
  void save(const std::string& session, const list& values) const;

private:
  std::string folder_;
  std::string unfinished_;
};

} // namespace limpet::load
