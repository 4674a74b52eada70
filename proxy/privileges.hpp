#pragma once

#include <span>
#include <string>

namespace limpet {

/// For good, and for all threads: the process becomes `user` (a name or a number) with `group`, or with the
/// user's groups where that is empty, and can gain no privilege any more, not by what it executes either
/// (PR_SET_NO_NEW_PRIVS). What is open stays open; `sockets`, the paths of unix sockets, become the user's.
/// Where the process is not root it stays who it is, with a warning unless it is that user. Nothing happens
/// where `user` and `group` are empty. Throws std::runtime_error where there is no such account, or the
/// system refuses.
void drop_privileges(const std::string& user, const std::string& group, std::span<const std::string> sockets);

} // namespace limpet
