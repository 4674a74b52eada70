#include "routing/session_envelopes.hpp"

#include "routing/ascii.hpp"
#include "routing/cookie.hpp"
#include "routing/view.hpp"

#include <algorithm>
#include <functional>
#include <optional>

namespace limpet::routing {
namespace {

using opening = opened_envelopes::status;
using edit = opened_envelopes::edit;

/// Name and value of a cookie together, in bytes: browsers throw longer ones away (RFC 6265bis section 5.6).
constexpr std::size_t cookie_bytes_max = 4096;

bool is_cookie_field(const header_field& field) noexcept {
  return ascii_iequal(field.name, "Cookie");
}

std::size_t white_space_size(std::string_view text) noexcept {
  return std::min(text.find_first_not_of(" \t"), text.size());
}

// -- requests ----------------------------------------------------------

/// Opens the envelopes of one request, one field after the other.
class opener {
public:
  opener(std::vector<header_field>& fields, std::size_t value_bytes_max, const token_keys& keys,
         opened_envelopes& out)
      : fields_(fields), value_bytes_max_(value_bytes_max), keys_(keys), out_(out) {}

  opening open(const envelope_field& envelope, envelope_verdict& verdict) {
    return envelope.what == envelope_field::kind::header ? open_header(envelope, verdict)
                                                         : open_cookies(envelope, verdict);
  }
  void rewrite_cookies();

private:
  opening open_text(std::string_view text, const envelope_field& envelope, envelope_verdict& verdict);
  opening open_header(const envelope_field& envelope, envelope_verdict& verdict);
  opening open_cookies(const envelope_field& envelope, envelope_verdict& verdict);
  template <class Each>
  void for_each_cookie(std::string_view name, Each each) const;
  const edit* edit_of(const cookie_pair& pair) const noexcept;
  std::size_t cookies_bytes() const noexcept;
  std::string_view rewrite(std::string_view list);
  void append(const cookie_pair& pair, const edit* cut);

  std::vector<header_field>& fields_;
  std::size_t value_bytes_max_;
  const token_keys& keys_;
  opened_envelopes& out_;
};

opening opener::open_text(std::string_view text, const envelope_field& envelope, envelope_verdict& verdict) {
  const bool is_long = text.size() > value_bytes_max_ + envelope_suffix_size;
  if (is_long && looks_sealed(text)) return opening::too_long;
  verdict = open_envelope(text, envelope, keys_, out_.scratch);
  return opening::ok;
}

opening opener::open_header(const envelope_field& envelope, envelope_verdict& verdict) {
  header_field* found = nullptr;
  for (header_field& field : fields_) {
    if (!ascii_iequal(field.name, envelope.name)) continue;
    if (found != nullptr) return opening::repeated;
    found = &field;
  }
  if (found == nullptr) return opening::ok;
  const auto wrong = open_text(found->value, envelope, verdict);
  found->value = verdict.value;
  return wrong;
}

/// each(pair) for each cookie of the name, in order, until it returns false.
template <class Each>
void opener::for_each_cookie(std::string_view name, Each each) const {
  for (const header_field& field : fields_) {
    if (!is_cookie_field(field)) continue;
    std::string_view list = field.value;
    cookie_pair pair;
    while (take_cookie_pair(list, pair))
      if (pair.is_pair && pair.name == name && !each(pair)) return;
  }
}

opening opener::open_cookies(const envelope_field& envelope, envelope_verdict& verdict) {
  opening wrong = opening::ok;
  std::size_t sealed = 0;
  const auto begin = static_cast<std::ptrdiff_t>(out_.edits.size());
  for_each_cookie(envelope.name, [&](const cookie_pair& pair) {
    envelope_verdict one;
    if (looks_sealed(pair.value) && ++sealed > sealed_cookies_max)
      wrong = opening::repeated;
    else
      wrong = open_text(pair.value, envelope, one);
    if (one.state > envelope_state::bare) out_.edits.push_back({pair.whole.data(), false});
    const bool is_better = one.state == envelope_state::valid || verdict.state < one.state;
    if (is_better) verdict = one;
    return wrong == opening::ok && one.state != envelope_state::valid;
  });
  if (wrong != opening::ok || verdict.state != envelope_state::valid) return wrong;
  // It is the only one of its name that the member gets.
  out_.edits.erase(out_.edits.begin() + begin, out_.edits.end());
  for_each_cookie(envelope.name, [&](const cookie_pair& pair) {
    out_.edits.push_back({pair.whole.data(), pair.value.data() != verdict.value.data()});
    return true;
  });
  return opening::ok;
}

const edit* opener::edit_of(const cookie_pair& pair) const noexcept {
  if (!pair.is_pair) return nullptr;
  const auto found = std::ranges::lower_bound(out_.edits, pair.whole.data(), std::less<>(), &edit::pair);
  return found == out_.edits.end() || found->pair != pair.whole.data() ? nullptr : &*found;
}

std::size_t opener::cookies_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const header_field& field : fields_)
    if (is_cookie_field(field)) bytes += field.value.size();
  return bytes;
}

/// Appends the pair as it stands, but for the tag that is cut off.
void opener::append(const cookie_pair& pair, const edit* cut) {
  if (cut == nullptr) {
    out_.cookies.append(pair.whole);
    return;
  }
  const auto end = static_cast<std::size_t>(pair.value.data() + pair.value.size() - pair.whole.data());
  out_.cookies.append(pair.whole.substr(0, end - envelope_suffix_size)).append(pair.whole.substr(end));
}

/// The list with all edits; itself where there are none in it.
std::string_view opener::rewrite(std::string_view list) {
  const std::size_t begin = out_.cookies.size();
  bool changed = false, dropped = false, is_first = true;
  std::string_view rest = list;
  cookie_pair pair;
  while (take_cookie_pair(rest, pair)) {
    const edit* due = edit_of(pair);
    changed = changed || due != nullptr;
    if (due != nullptr && due->drop) {
      dropped = true;
      continue;
    }
    if (!is_first) out_.cookies.push_back(';');
    if (is_first && dropped) pair.whole.remove_prefix(white_space_size(pair.whole));
    append(pair, due);
    is_first = false;
  }
  if (!changed) {
    out_.cookies.resize(begin);
    return list;
  }
  if (!is_first && list.back() == ';') out_.cookies.push_back(';');
  return std::string_view(out_.cookies).substr(begin);
}

void opener::rewrite_cookies() {
  if (out_.edits.empty()) return;
  // A head has room for tens of thousands of cookies, each of which may have an edit.
  std::ranges::sort(out_.edits, std::less<>(), &edit::pair);
  out_.cookies.reserve(cookies_bytes()); // views into it stay good
  for (header_field& field : fields_) {
    if (!is_cookie_field(field)) continue;
    const std::string_view left = rewrite(field.value);
    if (left.empty() && !field.value.empty()) field.name = {};
    field.value = left;
  }
  std::erase_if(fields_, [](const header_field& field) { return field.name.empty(); });
}

// -- answers -----------------------------------------------------------

enum class sealing : std::uint8_t { nothing, seal, too_long, unfit };

/// What there is to do with a value.
sealing judge(const envelope_field& envelope, std::string_view value, const seal_facts& facts) noexcept {
  if (value.empty()) return sealing::nothing;
  const bool is_cookie = envelope.what == envelope_field::kind::cookie;
  const bool is_over =
      is_cookie && envelope.name.size() + value.size() + envelope_suffix_size > cookie_bytes_max;
  if (value.size() > facts.value_bytes_max || is_over) return sealing::too_long;
  return can_be_sealed(envelope.what, value) ? sealing::seal : sealing::unfit;
}

/// The value that `field` issues in this envelope; empty: none.
std::string_view issued_value(const envelope_field& envelope, const header_field& field,
                              std::int64_t now_unix_s) noexcept {
  if (envelope.what == envelope_field::kind::header)
    return ascii_iequal(field.name, envelope.name) ? field.value : std::string_view();
  if (!ascii_iequal(field.name, "Set-Cookie")) return {};
  const auto cookie = parse_set_cookie(field.value);
  if (!cookie || cookie->name != envelope.name || cookie->value.empty()) return {};
  return deletes_cookie(cookie->attributes, now_unix_s) ? std::string_view() : cookie->value;
}

/// How much the fields may take that could get an envelope.
std::size_t room_for(std::span<const envelope_field> envelopes,
                     const std::vector<header_field>& fields) noexcept {
  std::size_t bytes = 0;
  for (const header_field& field : fields)
    for (const envelope_field& envelope : envelopes) {
      const bool is_cookie = envelope.what == envelope_field::kind::cookie;
      if (ascii_iequal(field.name, is_cookie ? "Set-Cookie" : std::string_view(envelope.name)))
        bytes += field.value.size() + envelope_suffix_size;
    }
  return bytes;
}

} // namespace

void open_envelopes(std::span<const envelope_field> envelopes, std::vector<header_field>& fields,
                    std::size_t value_bytes_max, const token_keys& keys, opened_envelopes& out) {
  out.outcome = opening::ok;
  out.verdicts.assign(envelopes.size(), {});
  out.edits.clear();
  out.cookies.clear();
  opener request(fields, value_bytes_max, keys, out);
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    out.field = i;
    out.outcome = request.open(envelopes[i], out.verdicts[i]);
    const bool is_forged = out.verdicts[i].state == envelope_state::forged;
    if (is_forged && envelopes[i].forged == forged_envelope::refuse) out.outcome = opening::forged;
    if (out.outcome != opening::ok) return;
  }
  request.rewrite_cookies();
}

sealed_envelopes seal_envelopes(std::span<const envelope_field> envelopes, std::vector<header_field>& fields,
                                const seal_facts& facts, const token_keys& keys, std::string& text,
                                std::string& scratch) {
  sealed_envelopes counts;
  text.clear();
  const std::size_t room = room_for(envelopes, fields);
  if (room == 0) return counts;
  text.reserve(room); // views into it stay good
  for (header_field& field : fields)
    for (std::size_t i = 0; i < envelopes.size(); ++i) {
      const envelope_field& envelope = envelopes[i];
      const std::string_view value = issued_value(envelope, field, facts.now_unix_s);
      const sealing what = judge(envelope, value, facts);
      counts.too_long += what == sealing::too_long ? 1 : 0;
      counts.unfit += what == sealing::unfit ? 1 : 0;
      if (what != sealing::seal) continue;
      ++counts.sealed;
      if (i <= counts.envelope) {
        counts.envelope = i;
        counts.key_hash = hash_bytes(value);
      }
      const std::size_t begin = text.size();
      const auto end = static_cast<std::size_t>(value.data() + value.size() - field.value.data());
      text.append(field.value.substr(0, end));
      append_seal(text, value, facts.tag, envelope, keys, scratch);
      text.append(field.value.substr(end));
      field.value = std::string_view(text).substr(begin);
      break;
    }
  return counts;
}

} // namespace limpet::routing
