#include "proxy/membership/etcd/http_response.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <utility>

namespace limpet::etcd {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

/// Keeps the status and the body. Header fields are of no interest: the gateway's answers are all JSON.
class http_response::parser : public http::basic_parser<false> {
public:
  explicit parser(std::size_t body_bytes_max) : body_bytes_max_(body_bytes_max) {
    constexpr std::uint32_t head_bytes_max = 16 * 1024;
    header_limit(head_bytes_max);
    body_limit(boost::none); // a watch has no end; what is held of it is limited below
    eager(true);
  }

  unsigned status() const noexcept { return status_; }
  std::string take_body() { return std::exchange(body_, {}); }

private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override {
    status_ = static_cast<unsigned>(code);
  }
  void on_field_impl(http::field, string_view, string_view, error_code&) override {}
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code& failed) override {
    if (length && *length > body_bytes_max_) failed = http::error::body_limit;
  }
  std::size_t on_body_impl(string_view bytes, error_code& failed) override { return keep(bytes, failed); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& failed) override {
    return keep(bytes, failed);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t keep(string_view bytes, error_code& failed) {
    if (bytes.size() > body_bytes_max_ - body_.size()) {
      failed = http::error::body_limit;
      return 0;
    }
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  std::size_t body_bytes_max_;
  unsigned status_ = 0;
  std::string body_;
};

http_response::http_response(std::size_t body_bytes_max)
    : parser_(std::make_unique<parser>(body_bytes_max)) {}
http_response::~http_response() = default;

result<void> http_response::append(std::string_view bytes) {
  // Only heads, chunk sizes and trailers ever wait for more bytes.
  constexpr std::size_t unparsed_bytes_max = 64 * 1024;
  unparsed_ += bytes;
  while (!unparsed_.empty() && !parser_->is_done()) {
    error_code failed;
    const std::size_t used = parser_->put(boost::asio::buffer(unparsed_), failed);
    unparsed_.erase(0, used);
    if (failed == http::error::need_more) break;
    if (failed == http::error::body_limit) return error{errc::too_large, "an answer past its size limit"};
    if (failed) return error{errc::malformed, "not an HTTP response: " + failed.message()};
    if (used == 0) break;
  }
  if (unparsed_.size() > unparsed_bytes_max) return error{errc::malformed, "an HTTP line past its limit"};
  return {};
}

result<void> http_response::append_end() {
  error_code failed;
  if (parser_->got_some()) parser_->put_eof(failed);
  if (failed || !parser_->is_done()) return error{errc::unreachable, "the connection ended early"};
  return {};
}

bool http_response::has_head() const noexcept {
  return parser_->is_header_done();
}
bool http_response::is_done() const noexcept {
  return parser_->is_done();
}
bool http_response::is_reusable() const noexcept {
  return parser_->is_done() && parser_->keep_alive() && unparsed_.empty();
}
unsigned http_response::status() const noexcept {
  return parser_->status();
}
std::string http_response::take_body() {
  return parser_->take_body();
}

} // namespace limpet::etcd
