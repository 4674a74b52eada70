#include "proxy/membership/snapshot.hpp"

#include "proxy/membership/member_codec.hpp"
#include "proxy/membership/member_table.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>

namespace limpet::membership {
namespace {

namespace json = boost::json;

constexpr std::int64_t format_version = 1;
constexpr std::size_t file_bytes_max = 64u << 20;

std::string system_error(std::string_view what, const std::string& path) {
  return std::string(what) + " '" + path + "': " + std::strerror(errno);
}

/// Closes at the end of its scope.
class descriptor {
public:
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }

private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

/// The member's value with its id in front.
json::value to_json(const routing::member& member) {
  return {{"id", member.id}, {"value", json::parse(encode_member(member))}};
}

value_or_reason<routing::member> read_member(const json::value& entry) {
  const json::object* fields = entry.if_object();
  const json::value* id = fields != nullptr ? fields->if_contains("id") : nullptr;
  const json::value* value = fields != nullptr ? fields->if_contains("value") : nullptr;
  if (id == nullptr || value == nullptr || !id->is_string())
    return bad_value{"a member without id and value"};
  return decode_member(id->get_string(), json::serialize(*value));
}

value_or_reason<std::vector<routing::member>> read_members(const json::array& entries) {
  if (entries.size() > member_table::members_max) return bad_value{"too many members"};
  std::vector<routing::member> members;
  std::set<std::string> ids;
  for (const json::value& entry : entries) {
    auto member = read_member(entry);
    if (!member) return bad_value{"a member is not valid: " + member.error().reason};
    if (!ids.insert(member->id).second) return bad_value{"two members with one id"};
    members.push_back(std::move(*member));
  }
  return members;
}

} // namespace

std::string encode_snapshot(std::string_view pool, const member_list& list) {
  json::array members;
  for (const routing::member& member : list.members) {
    members.push_back(to_json(member));
  }
  return json::serialize(json::object{
      {"version", format_version}, {"pool", pool}, {"epoch", list.epoch}, {"members", std::move(members)}});
}

value_or_reason<member_list> decode_snapshot(std::string_view pool, std::string_view text) {
  json::error_code failed;
  const json::value parsed = json::parse(text, failed);
  const json::object* fields = failed ? nullptr : parsed.if_object();
  if (fields == nullptr) return bad_value{"not a JSON object"};
  const auto field = [&](std::string_view name) {
    return fields->contains(name) ? fields->at(name) : json::value();
  };
  if (field("version") != json::value(format_version))
    return bad_value{"not of a version that is known here"};
  if (field("pool") != json::value(pool)) return bad_value{"of another pool"};
  const json::value epoch_field = field("epoch");
  const auto epoch = epoch_field.to_number<std::uint64_t>(failed);
  const json::value member_field = field("members");
  if (failed || !member_field.is_array()) return bad_value{"epoch or members are missing"};
  auto members = read_members(member_field.get_array());
  if (!members) return members.error();
  return member_list{.members = std::move(*members), .epoch = epoch, .stale = true};
}

snapshot_file::snapshot_file(const std::string& folder, std::string pool)
    : pool_(std::move(pool)), path_(folder + '/' + pool_ + ".json") {}

value_or_reason<member_list> snapshot_file::read() const {
  const descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return bad_value{system_error("cannot open", path_)};
  struct stat about {};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return bad_value{"'" + path_ + "' is not a file"};
  std::string text;
  char buffer[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0) return bad_value{system_error("cannot read", path_)};
    if (count == 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > file_bytes_max) return bad_value{"'" + path_ + "' is larger than 64 MiB"};
  }
  auto list = decode_snapshot(pool_, text);
  if (!list) return bad_value{"'" + path_ + "' is no snapshot: " + list.error().reason};
  return list;
}

std::optional<std::string> snapshot_file::write(const member_list& list) const {
  std::string temporary = path_ + ".XXXXXX";
  const descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.is_open()) return system_error("cannot create", temporary);
  const bool is_written = write_all(file.get(), encode_snapshot(pool_, list)) && ::fsync(file.get()) == 0 &&
                          ::rename(temporary.c_str(), path_.c_str()) == 0;
  if (is_written) return std::nullopt;
  std::string problem = system_error("cannot write", path_);
  ::unlink(temporary.c_str());
  return problem;
}

} // namespace limpet::membership
