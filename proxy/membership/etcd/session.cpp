#include "proxy/membership/etcd/session.hpp"

#include "proxy/membership/etcd/codec.hpp"
#include "proxy/membership/etcd/tls.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <stdexcept>

namespace limpet::etcd {
namespace {

std::vector<endpoint> parse_endpoints(const std::vector<std::string>& texts) {
  std::vector<endpoint> parsed;
  for (const std::string& text : texts) {
    auto target = endpoint::parse(text);
    if (!target)
      throw std::invalid_argument("etcd endpoint '" + printable(text) + "' is not http(s)://host:port");
    parsed.push_back(std::move(*target));
  }
  if (parsed.empty()) throw std::invalid_argument("etcd needs one endpoint at least");
  return parsed;
}

} // namespace

session::session(client_options options)
    : options_(std::move(options)), endpoints_(parse_endpoints(options_.endpoints)),
      rotation_(endpoints_.size(), std::random_device{}()), needs_log_in_(!options_.username.empty()) {
  if (std::ranges::any_of(endpoints_, &endpoint::tls)) tls_.emplace(make_tls_context(options_));
}

client::awaitable<std::string> session::post(std::string_view path, std::string body, repeat may_repeat) {
  const outgoing request{.path = path, .body = std::move(body), .may_repeat = may_repeat};
  auto answer = co_await run(request);
  if (!answer) co_return answer.error();
  co_return answer->response->take_body();
}

client::awaitable<open_answer> session::open(std::string_view path, std::string body) {
  const outgoing request{.path = path, .body = std::move(body), .is_stream = true};
  auto answer = co_await run(request);
  co_return std::move(answer);
}

/// A token may have expired, or be from before etcd lost its memory of tokens: then log in anew, once.
client::awaitable<open_answer> session::run(const outgoing& request) {
  for (int attempt = 0;; ++attempt) {
    if (needs_log_in_) {
      const auto logged_in = co_await log_in();
      if (!logged_in) co_return logged_in.error();
    }
    auto answer = co_await run_anywhere(request);
    const bool is_refused = !answer && answer.error().code == errc::unauthenticated;
    if (!is_refused || options_.username.empty() || attempt > 0) co_return std::move(answer);
    token_.clear();
    needs_log_in_ = true;
  }
}

client::awaitable<void> session::log_in() {
  const outgoing request{.path = "/v3/auth/authenticate",
                         .body = encode_authenticate(options_.username, options_.password)};
  token_.clear();
  auto answer = co_await run_anywhere(request);
  if (!answer) {
    // A password that is set before authentication is switched on must not keep anyone out.
    const bool is_off = answer.error().message.find("authentication is not enabled") != std::string::npos;
    if (!is_off) co_return answer.error();
    needs_log_in_ = false;
    co_return result<void>();
  }
  auto token = decode_authenticate(answer->response->take_body());
  if (!token) co_return token.error();
  token_ = std::move(*token);
  needs_log_in_ = false;
  co_return result<void>();
}

/// Tries each endpoint once at most, beginning with the one that answered last.
client::awaitable<open_answer> session::run_anywhere(const outgoing& request) {
  error last;
  for (std::size_t attempt = 0; attempt < rotation_.count(); ++attempt) {
    const std::size_t at = rotation_.current();
    bool sent = false;
    auto answer = co_await run_at(at, request, sent);
    if (answer || !is_endpoint_fault(answer.error().code)) co_return std::move(answer);
    rotation_.failed(at);
    last = std::move(answer.error());
    if (sent && request.may_repeat == repeat::no) break;
  }
  co_return last;
}

client::awaitable<open_answer> session::run_at(std::size_t at, const outgoing& request, bool& sent) {
  const endpoint& target = endpoints_[at];
  const auto deadline = channel::clock::now() + options_.timeout;
  auto over = co_await channel_to(at, deadline);
  if (!over) co_return over.error();

  open_answer answer{.over = std::move(*over),
                     .response = std::make_unique<http_response>(options_.answer_bytes_max),
                     .endpoint = at};
  answer.over->expires_at(deadline);
  sent = true;
  const std::string bytes = head_for(request, target) + request.body;
  auto done = co_await answer.over->send(bytes);
  if (done) done = co_await read_answer(answer, request.is_stream);
  if (!done) co_return error{done.error().code, target.text + ": " + done.error().message};
  if (answer.response->is_reusable()) {
    answer.over->never_expires();
    idle_ = std::move(answer.over);
    idle_endpoint_ = at;
  }
  if (answer.response->status() == 200) co_return std::move(answer);
  error refusal = decode_error(answer.response->status(), answer.response->take_body());
  refusal.message = target.text + ": " + refusal.message;
  co_return refusal;
}

/// Reads to the end, or only past the head where the answer is a stream that has begun well.
client::awaitable<void> session::read_answer(open_answer& answer, bool is_stream) {
  std::array<char, 16 * 1024> buffer;
  const auto is_complete = [&] {
    const http_response& response = *answer.response;
    return response.is_done() || (is_stream && response.has_head() && response.status() == 200);
  };
  while (!is_complete()) {
    const auto count = co_await answer.over->receive(buffer);
    if (!count) co_return count.error();
    const auto parsed =
        *count == 0 ? answer.response->append_end() : answer.response->append({buffer.data(), *count});
    if (!parsed) co_return parsed.error();
  }
  co_return result<void>();
}

client::awaitable<std::unique_ptr<channel>> session::channel_to(std::size_t at,
                                                                channel::clock::time_point deadline) {
  auto idle = std::move(idle_);
  if (idle && idle_endpoint_ == at && idle->is_quiet()) co_return std::move(idle);
  auto fresh = co_await connect(endpoints_[at], tls_ ? &*tls_ : nullptr, deadline);
  co_return std::move(fresh);
}

std::string session::head_for(const outgoing& request, const endpoint& target) const {
  std::string head = "POST ";
  head.append(request.path).append(" HTTP/1.1\r\nHost: ").append(target.authority());
  head.append("\r\nContent-Type: application/json\r\nContent-Length: ")
      .append(std::to_string(request.body.size()));
  if (!token_.empty()) head.append("\r\nAuthorization: ").append(token_);
  // Without this a server that has lost its leader keeps a watch open and silent.
  if (request.is_stream) head.append("\r\nGrpc-Metadata-hasleader: true");
  return head.append("\r\n\r\n");
}

} // namespace limpet::etcd
