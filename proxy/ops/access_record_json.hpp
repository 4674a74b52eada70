#pragma once

#include "proxy/http/record.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace limpet::ops {

/// Writes records as the access log's lines: one JSON object each, with a newline. What a record does not say
/// is left out: empty texts, phases that the request did not get to, a close code of 0.
///
///   {"time":"2026-11-23T13:45:07.123Z","event":"request","client":"192.0.2.7","request_id":"…","method":"GET","host":"…",
///    "path":"/…","route":"…","pool":"…","member":"…","status":200,"why":"…","key_source":"header","placement":"owner",
///    "sticky":"hit","epoch":42,"received_bytes":0,"sent_bytes":100,"attempts":1,"reused_connection":true,
///    "head_seconds":0.000012,"connect_seconds":…,"answer_seconds":…,"total_seconds":…,"close_code":1001}
class access_record_writer {
public:
  /// Of each text; what a client sends could fill a log.
  static constexpr std::size_t text_bytes_max = 2048;

  /// Appends one line. Does not allocate where `out` has room.
  void append(std::string& out, const http::access_record& record);

private:
  void append_time(std::string& out, std::chrono::system_clock::time_point at);

  std::int64_t second_ = -1; ///< that `second_text_` stands for
  std::string second_text_;
};

} // namespace limpet::ops
