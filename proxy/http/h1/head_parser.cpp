#include "proxy/http/h1/head_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace limpet::http::h1 {

namespace {

namespace beast = boost::beast;
using beast::http::field;
using boost::system::error_code;

/// What both heads have in common while their fields come in.
struct framing_fields {
  bool has_length = false;
  bool bad_length = false;
  std::uint64_t length = 0;
  unsigned codings = 0; ///< elements of Transfer-Encoding
  bool last_is_chunked = false;
  bool unknown_coding = false;
  bool malformed_coding = false;
  unsigned hosts = 0;

  void add_length(std::string_view value) {
    std::uint64_t parsed = 0;
    const auto* end = value.data() + value.size();
    // from_chars takes a minus sign for unsigned types too; digits only (RFC 9110 section 8.6).
    const bool digits = !value.empty() &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto [stop, error] = std::from_chars(value.data(), end, parsed);
    if (!digits || error != std::errc{} || stop != end) bad_length = true;
    // A length said twice is refused even where both agree: who said it twice may not count as we do.
    if (has_length) bad_length = true;
    has_length = true;
    length = parsed;
  }

  void add_codings(std::string_view value) {
    const auto before = codings;
    const auto commas = static_cast<unsigned>(std::count(value.begin(), value.end(), ','));
    for_each_element(value, [&](std::string_view coding) {
      ++codings;
      last_is_chunked = iequals(coding, "chunked");
      if (!last_is_chunked)
        (is_token(coding.substr(0, coding.find(';'))) ? unknown_coding : malformed_coding) = true;
    });
    // Empty elements, which lists may have (RFC 9110 section 5.6.1), are one more thing to count differently.
    if (codings - before != commas + 1) malformed_coding = true;
  }
};

void add_connection_options(std::string_view value, connection_options& out) {
  for_each_element(value, [&](std::string_view option) {
    if (iequals(option, "close"))
      out.close = true;
    else if (iequals(option, "keep-alive"))
      out.keep_alive = true;
    else if (iequals(option, "upgrade"))
      out.upgrade = true;
    else
      out.others.push_back(option);
  });
}

std::string_view view_of(beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

/// Beast's parser with everything off but the reading of lines: no body, no container of fields, no limits of
/// its own.
template <bool IsRequest, class Head>
class line_parser : public beast::http::basic_parser<IsRequest> {
public:
  explicit line_parser(Head& out) : out_(out) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(boost::none);
    this->skip(true);
  }

  error_code read(std::string_view head) {
    error_code error;
    this->put(boost::asio::buffer(head.data(), head.size()), error);
    if (!error && !this->is_header_done()) error = beast::http::error::partial_message;
    return error;
  }

  const framing_fields& framing_seen() const noexcept { return framing_; }

private:
  void on_request_impl(beast::http::verb, beast::string_view name, beast::string_view target, int version,
                       error_code&) override {
    if constexpr (IsRequest) {
      out_.method_name = view_of(name);
      out_.target = view_of(target);
    } else {
      (void)name, (void)target;
    }
    out_.minor_version = static_cast<unsigned>(version % 10);
  }

  void on_response_impl(int status, beast::string_view reason, int version, error_code&) override {
    if constexpr (!IsRequest) {
      out_.status = static_cast<unsigned>(status);
      out_.reason = view_of(reason);
    } else {
      (void)status, (void)reason;
    }
    out_.minor_version = static_cast<unsigned>(version % 10);
  }

  void on_field_impl(field name, beast::string_view text, beast::string_view content, error_code&) override {
    const auto value = view_of(content);
    out_.fields.push_back({view_of(text), value, static_cast<std::uint16_t>(name)});
    switch (name) {
    case field::content_length:
      framing_.add_length(value);
      break;
    case field::transfer_encoding:
      framing_.add_codings(value);
      break;
    case field::connection:
      add_connection_options(value, out_.connection);
      break;
    case field::upgrade:
      out_.upgrade = value;
      break;
    default:
      on_own_field(name, value);
    }
  }

  void on_own_field(field name, std::string_view value) {
    if constexpr (IsRequest) {
      if (name == field::host) {
        ++framing_.hosts;
        out_.host = value;
      } else if (name == field::expect && iequals(value, "100-continue")) {
        out_.expects_continue = true;
      }
    } else {
      if (name == field::content_type) out_.content_type = value;
      out_.has_date |= name == field::date;
    }
  }

  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Head& out_;
  framing_fields framing_;
};

/// Beast judges framing fields too, before we see them. Whatever it holds against them is our ambiguity.
bool is_framing_error(const error_code& error) {
  using enum beast::http::error;
  return error == bad_content_length || error == multiple_content_length || error == bad_transfer_encoding;
}

/// RFC 9112 section 6.3 for requests, with what the RFC leaves open refused.
refusal request_framing(const framing_fields& seen, unsigned minor_version, framing& out) {
  if (seen.codings > 0 || seen.malformed_coding) {
    if (seen.malformed_coding || minor_version == 0 || seen.has_length) return refusal::ambiguous_framing;
    if (seen.unknown_coding) return refusal::unsupported_transfer_coding;
    if (seen.codings > 1) return refusal::ambiguous_framing;
    out.how = framing::kind::chunked;
    return refusal::none;
  }
  if (seen.bad_length) return refusal::ambiguous_framing;
  if (seen.has_length) out = {framing::kind::length, seen.length};
  return refusal::none;
}

/// The same for answers. A member that speaks HTTP/1.0 or another coding than chunked is not understood.
bool response_framing(const framing_fields& seen, unsigned minor_version, framing& out) {
  if (seen.codings > 0 || seen.malformed_coding) {
    if (seen.malformed_coding || seen.unknown_coding || seen.codings > 1 || seen.has_length ||
        minor_version == 0)
      return false;
    out.how = framing::kind::chunked;
    return true;
  }
  if (seen.bad_length) return false;
  out =
      seen.has_length ? framing{framing::kind::length, seen.length} : framing{framing::kind::until_close, 0};
  return true;
}

/// "HTTP/1.1 200" and nothing more on the status line.
bool lacks_reason_space(std::string_view bytes) noexcept {
  constexpr std::size_t size = std::string_view("HTTP/1.1 200").size();
  return bytes.size() > size + 1 && bytes.starts_with("HTTP/1.") && bytes[size] == '\r';
}

/// The request line ends in a well-formed HTTP-version (RFC 9112 section 2.3), only not one of ours.
bool names_other_version(std::string_view bytes) noexcept {
  const auto line = bytes.substr(0, bytes.find('\r'));
  const auto version = line.substr(line.rfind(' ') + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
         is_digit(version[7]) && version != "HTTP/1.0" && version != "HTTP/1.1";
}

} // namespace

refusal parse_request_head(std::string_view bytes, request_head& out) {
  out.clear();
  line_parser<true, request_head> parser(out);
  if (const auto error = parser.read(bytes)) {
    if (error == beast::http::error::bad_version && names_other_version(bytes))
      return refusal::unsupported_version;
    return is_framing_error(error) ? refusal::ambiguous_framing : refusal::malformed_head;
  }
  const auto& seen = parser.framing_seen();
  out.known_method = method_of(out.method_name);
  if (seen.hosts > 1 || (seen.hosts == 0 && out.minor_version >= 1)) return refusal::malformed_host;
  if (!out.connection.upgrade) out.upgrade = {};
  return request_framing(seen, out.minor_version, out.body);
}

bool parse_response_head(std::string_view bytes, response_head& out) {
  out.clear();
  if (lacks_reason_space(bytes)) {
    const auto line_end = bytes.find('\r');
    out.repaired.assign(bytes.substr(0, line_end)).append(" ").append(bytes.substr(line_end));
    bytes = out.repaired;
  }
  line_parser<false, response_head> parser(out);
  if (parser.read(bytes)) return false;
  if (out.status < 100 || out.status > 599) return false;
  return response_framing(parser.framing_seen(), out.minor_version, out.body);
}

} // namespace limpet::http::h1
