#include "proxy/ops/access_record_json.hpp"

#include "proxy/ops/json_text.hpp"

#include <fmt/format.h>

#include <ctime>
#include <iterator>
#include <string_view>

namespace limpet::ops {

namespace {

using event = http::access_record::event;

std::string_view name_of(event what) noexcept {
  switch (what) {
  case event::request:
    return "request";
  case event::tunnel_open:
    return "tunnel_open";
  case event::tunnel_close:
    return "tunnel_close";
  }
  return "unknown";
}

/// A member's name with what stands before its value. No name here needs escaping.
void append_name(std::string& out, std::string_view name) {
  out += ",\"";
  out += name;
  out += "\":";
}

void append_text(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  append_name(out, name);
  append_json_string(out, value, access_record_writer::text_bytes_max);
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
  append_name(out, name);
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void append_phase(std::string& out, std::string_view name, http::access_record::seconds phase) {
  if (!(phase.count() >= 0)) return;
  append_name(out, name);
  fmt::format_to(std::back_inserter(out), "{:.6f}", phase.count());
}

void append_request(std::string& out, const http::access_record& r) {
  append_text(out, "client", r.client);
  append_text(out, "request_id", r.request_id);
  append_text(out, "method", r.method);
  append_text(out, "host", r.host);
  append_text(out, "path", r.path);
}

void append_decision(std::string& out, const http::access_record& r) {
  append_text(out, "route", r.route);
  append_text(out, "pool", r.pool);
  append_text(out, "member", r.member);
  append_number(out, "status", r.status);
  append_text(out, "why", r.why);
  append_text(out, "key_source", r.key_source);
  append_text(out, "placement", r.placement);
  append_text(out, "sticky", r.sticky);
  append_number(out, "epoch", r.epoch);
}

void append_transfer(std::string& out, const http::access_record& r) {
  append_number(out, "received_bytes", r.received_bytes);
  append_number(out, "sent_bytes", r.sent_bytes);
  append_number(out, "attempts", r.attempts);
  append_name(out, "reused_connection");
  out += r.reused_connection ? "true" : "false";
  append_phase(out, "head_seconds", r.head);
  append_phase(out, "epoch_wait_seconds", r.epoch_wait);
  append_phase(out, "parked_seconds", r.parked);
  append_phase(out, "connect_seconds", r.connect);
  append_phase(out, "answer_seconds", r.answer);
  append_phase(out, "total_seconds", r.total);
  if (r.close_code != 0) append_number(out, "close_code", r.close_code);
}

} // namespace

/// RFC 3339, in UTC, with milliseconds.
void access_record_writer::append_time(std::string& out, std::chrono::system_clock::time_point at) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(at.time_since_epoch());
  const auto second = std::chrono::floor<std::chrono::seconds>(since_epoch);
  if (second.count() != second_ || second_text_.empty()) {
    second_ = second.count();
    const std::time_t time = second_;
    std::tm utc{};
    ::gmtime_r(&time, &utc);
    second_text_.clear();
    fmt::format_to(std::back_inserter(second_text_), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
  }
  out += second_text_;
  fmt::format_to(std::back_inserter(out), ".{:03}Z", (since_epoch - second).count());
}

void access_record_writer::append(std::string& out, const http::access_record& record) {
  out += "{\"time\":\"";
  append_time(out, record.at);
  out += '"';
  append_text(out, "event", name_of(record.what));
  append_request(out, record);
  append_decision(out, record);
  append_transfer(out, record);
  out += "}\n";
}

} // namespace limpet::ops
