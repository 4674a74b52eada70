#include "proxy/admin_client.hpp"

#include "config/load.hpp"
#include "proxy/net/socket_address.hpp"
#include "proxy/ops/told_object.hpp"
#include "proxy/version.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>

#include <stdexcept>

namespace limpet {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http1 = beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds patience{10};
constexpr std::size_t answer_bytes_max = 16 * 1024 * 1024;

/// Runs one asynchronous step to its end: the stream's own deadline works only so.
template <class Start>
void await_step(asio::io_context& io, const std::string& address, Start start) {
  error_code result = asio::error::would_block;
  start([&](error_code error, auto&&...) { result = error; });
  io.restart();
  io.run();
  if (result) throw std::runtime_error("cannot ask the admin server at " + address + ": " + result.message());
}

/// What it says ends up in a line of ours, on a terminal: the sentence of an error that is JSON, else all of
/// it.
std::string complaint_in(std::string content) {
  error_code malformed;
  const auto told = boost::json::parse(content, malformed);
  if (!malformed && told.is_object())
    if (const auto* error = told.get_object().if_contains("error"); error && error->is_string())
      return ops::printable(error->get_string());
  while (content.ends_with('\n') || content.ends_with('\r'))
    content.pop_back();
  return ops::printable(content);
}

} // namespace

std::string admin_token() {
  return config::process_environment("LIMPET_ADMIN_TOKEN").value_or("");
}

admin_answer send_admin(const std::string& address, const std::string& method, const std::string& target,
                        const std::string& token) {
  const auto parts = net::split_host_port(address);
  if (!parts) throw std::runtime_error("'" + address + "' is no address of an admin server (host:port)");
  asio::io_context io;
  beast::tcp_stream stream(io);
  stream.expires_after(patience);
  asio::ip::tcp::resolver resolver(io);
  error_code unknown;
  const auto endpoints =
      resolver.resolve(parts->host.empty() ? "127.0.0.1" : parts->host, std::to_string(parts->port), unknown);
  if (unknown) throw std::runtime_error("cannot resolve " + address + ": " + unknown.message());

  http1::request<http1::empty_body> request;
  request.method_string(method);
  request.target(target);
  request.set(http1::field::host, address);
  request.set(http1::field::user_agent, "limpet/" + std::string(version));
  if (!token.empty()) request.set(http1::field::authorization, "Bearer " + token);
  request.keep_alive(false);
  request.prepare_payload();
  http1::response_parser<http1::string_body> answer;
  answer.body_limit(answer_bytes_max);
  beast::flat_buffer buffer;
  await_step(io, address, [&](auto done) { stream.async_connect(endpoints, done); });
  await_step(io, address, [&](auto done) { http1::async_write(stream, request, done); });
  await_step(io, address, [&](auto done) { http1::async_read(stream, buffer, answer, done); });
  if (answer.get().result_int() == 401)
    throw std::runtime_error("the admin server at " + address +
                             " wants a token: set LIMPET_ADMIN_TOKEN to the one of its configuration");
  return {answer.get().result_int(), std::move(answer.get().body())};
}

std::string ask_admin(const std::string& address, const std::string& target, const std::string& token,
                      const std::string& method) {
  auto answer = send_admin(address, method, target, token);
  if (answer.status != 200)
    throw std::runtime_error("the admin server at " + address + " says " + std::to_string(answer.status) +
                             ": " + complaint_in(std::move(answer.content)));
  return std::move(answer.content);
}

boost::json::object parse_admin_answer(const std::string& address, const std::string& content,
                                       std::string_view key) {
  error_code malformed;
  auto told = boost::json::parse(content, malformed);
  if (malformed || !told.is_object() || !told.get_object().contains(key))
    throw std::runtime_error("what answers at " + address + " is no admin server of Limpet");
  return std::move(told.get_object());
}

} // namespace limpet
