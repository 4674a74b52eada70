#include "proxy/membership/etcd/endpoint.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <charconv>

namespace limpet::etcd {
namespace {

/// A percent-encoded host may hold any byte once decoded, and this one goes into a header field.
bool is_plain_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view(".-_:").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_port(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc{} && end == text.data() + text.size() && number != 0;
}

} // namespace

std::optional<endpoint> endpoint::parse(std::string_view text) {
  const bool has_scheme = text.find("://") != std::string_view::npos;
  const std::string whole = has_scheme ? std::string(text) : "http://" + std::string(text);
  const auto url = boost::urls::parse_uri(whole);
  if (!url) return std::nullopt;
  const bool tls = url->scheme() == "https";
  if (!tls && url->scheme() != "http") return std::nullopt;
  const bool bare = !url->has_userinfo() && !url->has_query() && !url->has_fragment() &&
                    (url->encoded_path().empty() || url->encoded_path() == "/");
  if (!bare || !is_plain_host(url->host_address())) return std::nullopt;
  const std::string port = url->has_port() ? std::string(url->port()) : "2379";
  if (!is_port(port)) return std::nullopt;
  return endpoint{.tls = tls, .host = url->host_address(), .port = port, .text = whole};
}

std::string endpoint::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + port;
}

} // namespace limpet::etcd
