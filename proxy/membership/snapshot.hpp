#pragma once

#include "proxy/membership/member_codec.hpp"
#include "proxy/membership/source.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The last list of a pool on disk, for a cold start while the store is away.
namespace limpet::membership {

std::string encode_snapshot(std::string_view pool, const member_list& list);

/// The list, marked stale, or what is wrong with the text. A snapshot with one bad member is bad as a whole.
/// Never throws.
value_or_reason<member_list> decode_snapshot(std::string_view pool, std::string_view text);

class snapshot_file {
public:
  /// FOLDER/<pool>.json
  snapshot_file(const std::string& folder, std::string pool);

  /// The list, or why there is none. At most 64 MiB are read.
  value_or_reason<member_list> read() const;
  /// Replaces the file in one step: a reader, or a start after a crash, finds the old list or the new one,
  /// whole. Returns what went wrong; then the old one stays. Blocks for as long as the disk does.
  std::optional<std::string> write(const member_list& list) const;

private:
  std::string pool_;
  std::string path_;
};

} // namespace limpet::membership
