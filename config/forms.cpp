#include "config/forms.hpp"

#include "config/text.hpp"
#include "routing/address.hpp"
#include "routing/request_target.hpp"

#include <algorithm>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t name_bytes_max = 128;
constexpr std::size_t path_bytes_max = 1024;
constexpr std::size_t file_path_bytes_max = 4095; ///< PATH_MAX with the end
constexpr std::size_t secret_bytes_max = 4096;

bool is_token(std::string_view text) noexcept {
  return !text.empty() && is_made_of(text, "!#$%&'*+-.^_`|~");
}

void lower(std::string& text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
}

std::optional<problem> refuse(std::string_view what, std::string_view text, std::string hint = {}) {
  return problem{std::string("not a ").append(what).append(": ").append(quoted(text)), std::move(hint)};
}

std::optional<problem> check_host(std::string& text) {
  lower(text);
  const std::string_view whole = text;
  if (whole == "*") return refuse("host", text, "leave the host out for any host");
  if (whole.starts_with('[')) {
    const bool v6 = whole.ends_with(']') && whole.find(':') != std::string_view::npos &&
                    routing::ip_address::parse(whole.substr(1, whole.size() - 2));
    return v6 ? std::nullopt : refuse("host", text);
  }
  if (whole.find(':') != std::string_view::npos)
    return refuse("host", text, "leave the port out: routes match any port");
  const std::string_view name = whole.starts_with("*.") ? whole.substr(2) : whole;
  if (is_host(name)) return {};
  return refuse("host", text, "write chat.example.com, or *.example.com for what is below it");
}

/// Whether requests can have this path once they are normalised.
bool is_normal_path(const std::string& text) {
  routing::request_target parsed;
  std::string scratch;
  const bool good = parse_request_target(text, parsed, scratch) == routing::request_target::status::ok;
  return good && parsed.path == text && !parsed.has_query;
}

std::optional<problem> check_path_prefix(std::string& text) {
  if (!text.starts_with('/')) return refuse("path", text, "a path begins with /");
  if (text.size() > path_bytes_max) return refuse("path", text, "at most 1024 bytes");
  if (text.find_first_of("?#") != std::string::npos)
    return refuse("path", text, "routes match the path alone");
  if (!is_normal_path(text))
    return refuse("path", text,
                  "no request has such a path once it is normalised: no \"..\", no \"%2F\", no space");
  return {};
}

bool is_visible(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

std::optional<problem> check_prefix(std::string& text) {
  const std::string hint = "begins with / and does not end with one";
  const bool good = text.size() > 1 && text.size() <= name_bytes_max && text.starts_with('/') &&
                    !text.ends_with('/') && text.find("//") == std::string::npos && is_visible(text);
  return good ? std::nullopt : refuse("key prefix", text, hint);
}

std::optional<problem> check_file(std::string& text) {
  const bool good = !text.empty() && text.size() <= file_path_bytes_max && !has_control(text);
  return good ? std::nullopt : refuse("file path", text);
}

} // namespace

type_ptr<std::string> name() {
  return text_type({.type = "name", .pattern = "^[A-Za-z0-9._-]{1,128}$"}, [](std::string& text) {
    const bool good = !text.empty() && text.size() <= name_bytes_max && is_made_of(text, "._-");
    return good ? std::nullopt
                : refuse("name", text, "names have 1 to 128 letters, digits, dots, underscores and hyphens");
  });
}

type_ptr<std::string> label(std::size_t bytes_max) {
  return text_type({.type = "text"}, [=](std::string& text) {
    const bool good = !text.empty() && text.size() <= bytes_max && !has_control(text) && is_utf8(text);
    return good ? std::nullopt : refuse("text of 1 to " + std::to_string(bytes_max) + " bytes", text);
  });
}

type_ptr<std::string> token(std::string what) {
  description shape{.type = what, .pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"};
  return text_type(std::move(shape), [what = std::move(what)](std::string& text) {
    const bool good = is_token(text) && text.size() <= name_bytes_max;
    return good ? std::nullopt : refuse(what, text, "letters, digits and !#$%&'*+-.^_`|~, at most 128 bytes");
  });
}

type_ptr<std::string> upgrade() {
  return text_type({.type = "protocol"}, [](std::string& text) -> std::optional<problem> {
    lower(text);
    if (text == "h2c") return problem{"h2c never passes", "leave it out"};
    return is_token(text) ? std::nullopt : refuse("protocol", text, "write websocket");
  });
}

type_ptr<std::string> secret() {
  return text_type({.type = "secret"}, [](std::string& text) -> std::optional<problem> {
    if (text.empty()) return problem{"an empty secret", ""};
    return text.size() <= secret_bytes_max ? std::nullopt : std::optional<problem>({"longer than 4 KiB", ""});
  });
}

type_ptr<std::string> host_pattern() {
  return text_type({.type = "host pattern"}, check_host);
}

type_ptr<std::string> domain() {
  return text_type({.type = "host name"}, [](std::string& text) {
    lower(text);
    return is_host(text) ? std::nullopt : refuse("host name", text);
  });
}

type_ptr<std::string> path_prefix() {
  return text_type({.type = "path", .pattern = "^/"}, check_path_prefix);
}

type_ptr<std::string> cookie_path() {
  return text_type({.type = "path", .pattern = "^/[^;]*$"}, [](std::string& text) {
    const bool good = text.starts_with('/') && text.size() <= path_bytes_max &&
                      text.find(';') == std::string::npos && is_visible(text);
    return good ? std::nullopt : refuse("cookie path", text, "begins with /, and has no ; or space");
  });
}

type_ptr<std::string> request_path() {
  return text_type({.type = "path", .pattern = "^/"}, [](std::string& text) {
    const bool good = text.starts_with('/') && text.size() <= path_bytes_max && is_visible(text) &&
                      text.find('#') == std::string::npos;
    return good ? std::nullopt : refuse("path", text, "begins with /, and has no space");
  });
}

type_ptr<std::string> file_path() {
  return text_type({.type = "file path"}, check_file);
}

type_ptr<std::string> log_target() {
  return text_type({.type = "log target"}, [](std::string& text) {
    if (text == "off" || text == "stdout") return std::optional<problem>();
    if (text.find('/') == std::string::npos)
      return refuse("log target", text, "write off, stdout or the path of a file");
    return check_file(text);
  });
}

type_ptr<std::string> etcd_prefix() {
  return text_type({.type = "key prefix", .pattern = "^/.*[^/]$"}, check_prefix);
}

} // namespace limpet::config
