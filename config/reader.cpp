#include "config/reader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace limpet::config {

namespace {

constexpr std::size_t quoted_bytes_max = 64;

bool is_name_character(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

std::size_t name_length(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_name_character(text[n], n == 0))
    ++n;
  return n;
}

std::string_view word(node::kind what) {
  switch (what) {
  case node::kind::null:
    return "nothing";
  case node::kind::scalar:
    return "a plain value";
  case node::kind::list:
    return "a list";
  case node::kind::map:
    return "a mapping";
  }
  return {};
}

std::string mismatch(std::string_view wanted, const node& value) {
  std::string message = "must be ";
  return message.append(wanted).append(", not ").append(word(value.what));
}

std::vector<issue> in_order(std::vector<issue> issues) {
  std::ranges::stable_sort(issues, {}, [](const issue& i) { return std::tuple(i.line, i.column); });
  issues.erase(std::unique(issues.begin(), issues.end()), issues.end());
  return issues;
}

} // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, quoted_bytes_max))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  if (text.size() > quoted_bytes_max) out += "...";
  return out += '"';
}

reader::reader(std::string file, environment_function environment)
    : file_(std::move(file)), environment_(std::move(environment)) {}

reader::scope::scope(reader& r, std::string_view key) : reader_(r), length_before_(r.path_.size()) {
  if (!r.path_.empty()) r.path_ += '.';
  const std::string shown = quoted(key);
  r.path_.append(shown, 1, shown.size() - 2);
}

reader::scope::scope(reader& r, std::size_t index) : reader_(r), length_before_(r.path_.size()) {
  r.path_ += '[' + std::to_string(index) + ']';
}

reader::scope::~scope() {
  reader_.path_.resize(length_before_);
}

void reader::add(std::vector<issue>& to, position where, std::string message, std::string hint) {
  if (!path_.empty()) message = path_ + ": " + message;
  to.push_back({file_, where.line, where.column, std::move(message), std::move(hint)});
}

void reader::error(position where, std::string message, std::string hint) {
  if (errors_.size() >= issues_max) {
    ++left_out_;
    return;
  }
  add(errors_, where, std::move(message), std::move(hint));
}

void reader::warning(position where, std::string message, std::string hint) {
  if (warnings_.size() < issues_max) add(warnings_, where, std::move(message), std::move(hint));
}

bool reader::refused(position where) const {
  return std::ranges::any_of(
      errors_, [=](const issue& i) { return i.line == where.line && i.column == where.column; });
}

std::optional<std::string> reader::text(const node& value, std::string_view wanted) {
  if (value.what != node::kind::scalar) {
    error(value.where, mismatch(wanted, value));
    return {};
  }
  auto expanded = environment_ ? expand(value.text, value.where) : std::optional(value.text);
  if (!expanded || expanded->size() <= scalar_bytes_max) return expanded;
  error(value.where, "longer than 64 KiB");
  return {};
}

bool reader::is(node::kind wanted, const node& value) {
  if (value.what == wanted) return true;
  std::string hint;
  if (wanted == node::kind::list && value.what != node::kind::null)
    hint = "a list is [one, two], or a line \"- one\" each";
  if (value.what == node::kind::null)
    hint = wanted == node::kind::list ? "write [] for none" : "write {} for the defaults";
  error(value.where, mismatch(word(wanted), value), std::move(hint));
  return false;
}

bool reader::passes_over(std::string_view key) const {
  return path_.empty() && !only_.empty() && std::ranges::find(only_, key) == only_.end();
}

std::optional<std::string> reader::expand(std::string_view text, position where) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out.append(text.substr(0, dollar));
    text.remove_prefix(dollar);
    if (text.empty()) break;
    if (text.starts_with("$$")) {
      out += '$';
      text.remove_prefix(2);
      continue;
    }
    const std::size_t end = text.starts_with("${") ? text.find('}') : std::string_view::npos;
    if (end == std::string_view::npos) {
      error(where, "a $ stands alone", "write ${NAME} for a variable, $$ for a dollar");
      return {};
    }
    const auto replaced = variable(text.substr(2, end - 2), where);
    if (!replaced) return {};
    out += *replaced;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::optional<std::string> reader::variable(std::string_view reference, position where) {
  const std::size_t length = name_length(reference);
  const std::string name(reference.substr(0, length));
  const std::string_view rest = reference.substr(length);
  const bool has_default = rest.starts_with(":-");
  if (name.empty() || (!rest.empty() && !has_default)) {
    // Not repeated: whoever writes a secret here may get the form wrong.
    error(where, "not a variable, what stands in ${...}", "write ${NAME} or ${NAME:-default}");
    return {};
  }
  auto value = environment_(name);
  if (has_default && (!value || value->empty())) return std::string(rest.substr(2));
  if (!value)
    error(where, "the environment variable " + quoted(name) + " is not set",
          "set it, or write ${" + name + ":-default}");
  return value;
}

std::vector<issue> reader::take_errors() {
  std::vector<issue> errors = in_order(std::exchange(errors_, {}));
  if (left_out_ > 0) errors.push_back({file_, 0, 0, "and " + std::to_string(left_out_) + " more errors", ""});
  return errors;
}

std::vector<issue> reader::take_warnings() {
  return in_order(std::exchange(warnings_, {}));
}

} // namespace limpet::config
