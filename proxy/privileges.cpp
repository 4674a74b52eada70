#include "proxy/privileges.hpp"

#include <spdlog/spdlog.h>

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <grp.h>
#include <optional>
#include <pwd.h>
#include <stdexcept>
#include <system_error>

namespace limpet {

namespace {

struct account {
  std::string name; ///< empty: a number that the system has no name for
  uid_t uid;
  gid_t gid;
};

std::optional<std::uint32_t> number_in(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// A number need not be known to the system: containers seldom have names for theirs.
account find_user(const std::string& user) {
  const auto number = number_in(user);
  if (const auto* known = number ? ::getpwuid(*number) : ::getpwnam(user.c_str()))
    return {known->pw_name, known->pw_uid, known->pw_gid};
  if (!number) throw std::runtime_error("user: there is no user '" + user + "'");
  return {{}, *number, *number};
}

gid_t find_group(const std::string& group) {
  const auto number = number_in(group);
  if (number) return *number;
  if (const auto* known = ::getgrnam(group.c_str())) return known->gr_gid;
  throw std::runtime_error("group: there is no group '" + group + "'");
}

void must(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
}

void become(const account& who, bool with_groups_of_user) {
  if (with_groups_of_user && !who.name.empty())
    must(::initgroups(who.name.c_str(), who.gid), "initgroups");
  else
    must(::setgroups(1, &who.gid), "setgroups");
  must(::setresgid(who.gid, who.gid, who.gid), "setresgid");
  must(::setresuid(who.uid, who.uid, who.uid), "setresuid");
  if (who.uid != 0 && ::setuid(0) == 0) throw std::runtime_error("user: root could be had back");
}

} // namespace

void drop_privileges(const std::string& user, const std::string& group,
                     std::span<const std::string> sockets) {
  if (user.empty() && group.empty()) return;
  account who = user.empty() ? account{{}, ::geteuid(), ::getegid()} : find_user(user);
  if (!group.empty()) who.gid = find_group(group);
  if (::geteuid() != 0) {
    if (who.uid != ::geteuid() || who.gid != ::getegid())
      spdlog::warn("user and group are not taken on: only root can, and this is user {}", ::geteuid());
    return;
  }
  for (const auto& path : sockets)
    must(::chown(path.c_str(), who.uid, who.gid), path.c_str());
  become(who, group.empty());
  must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
  spdlog::info("goes on as user {}, group {}", who.uid, who.gid);
}

} // namespace limpet
