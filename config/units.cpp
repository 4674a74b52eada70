#include "config/units.hpp"

#include "config/nearest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace limpet::config {

namespace {

struct duration_range {
  milliseconds min;
  milliseconds max;
  milliseconds step = milliseconds(1);
};

struct unit {
  std::string_view name;
  std::uint64_t worth;
};

constexpr std::array<unit, 5> time_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<unit, 4> size_units{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}};

constexpr std::string_view time_hint = "durations are whole numbers with a unit: ms, s, m, h or d";
constexpr std::string_view size_hint = "sizes are whole numbers of bytes, or of KiB, MiB or GiB";

/// The digits that `text` begins with, and what follows them; false where there are none or too many.
bool split(std::string_view text, std::uint64_t& value, std::string_view& rest) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

template <std::size_t N>
const unit* find_unit(const std::array<unit, N>& units, std::string_view name) {
  const auto found = std::ranges::find(units, name, &unit::name);
  return found == units.end() ? nullptr : &*found;
}

/// In the largest unit that divides it.
template <std::size_t N>
std::string format(const std::array<unit, N>& units, std::uint64_t value) {
  for (const unit& u : units)
    if (value > 0 && value % u.worth == 0) return std::to_string(value / u.worth) + std::string(u.name);
  return std::to_string(value);
}

std::string format_duration(milliseconds value) {
  return format(time_units, static_cast<std::uint64_t>(value.count()));
}

std::optional<problem> parse_duration(std::string_view text, milliseconds& out) {
  std::uint64_t value = 0;
  std::string_view rest;
  if (!split(text, value, rest)) return problem{"not a duration: " + quoted(text), std::string(time_hint)};
  if (rest.empty() && value > 0)
    return problem{quoted(text) + " has no unit", "write " + std::string(text) + "s for seconds"};
  const unit* in = rest.empty() ? &time_units.back() : find_unit(time_units, rest);
  if (!in) return problem{"not a duration: " + quoted(text), std::string(time_hint)};
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  out = milliseconds(static_cast<std::int64_t>(value > most / in->worth ? most : value * in->worth));
  return {};
}

std::optional<problem> parse_size(std::string_view text, std::uint64_t& out) {
  std::uint64_t value = 0;
  std::string_view rest;
  const bool number = split(text, value, rest);
  if (const unit* in = number ? find_unit(size_units, rest) : nullptr) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    out = value > most / in->worth ? most : value * in->worth;
    return {};
  }
  std::string hint(size_hint);
  const std::string_view kilo_mega_giga = "kKmMgG";
  if (number && !rest.empty() && kilo_mega_giga.find(rest.front()) != std::string_view::npos)
    hint = "write " + std::to_string(value) + std::string(1, static_cast<char>(rest.front() & ~0x20)) + "iB";
  return problem{"not a size: " + quoted(text), hint};
}

problem out_of_range(const std::string& range) {
  return {"must be " + range, ""};
}

std::string range_text(const std::string& min, const std::string& max) {
  return min + " to " + max;
}

template <class Duration>
type_ptr<Duration> make_duration(duration_range range, bool zero) {
  const std::string limits = (zero && range.min > milliseconds(0) ? "0, or " : "") +
                             range_text(format_duration(range.min), format_duration(range.max));
  description shape{.type = "duration",
                    .range = limits,
                    .pattern = "^(0|[0-9]+(ms|s|m|h|d))$",
                    .maximum = 0,
                    .number_too = true};
  if (!zero && range.min > milliseconds(0)) shape.number_too = false;
  const auto parse = [=](std::string_view text, Duration& out) -> std::optional<problem> {
    milliseconds value{};
    if (auto wrong = parse_duration(text, value)) return wrong;
    const bool is_zero = zero && value == milliseconds(0);
    if (!is_zero && (value < range.min || value > range.max)) return out_of_range(limits);
    if (value % range.step != milliseconds(0)) return problem{"must be whole seconds", ""};
    out = std::chrono::duration_cast<Duration>(value);
    return {};
  };
  return std::make_shared<scalar<Duration>>(std::move(shape), parse,
                                            [](const Duration& value) { return format_duration(value); });
}

template <class Integer>
type_ptr<Integer> make_size(std::uint64_t min, std::uint64_t max) {
  const std::string limits = range_text(format(size_units, min), format(size_units, max));
  description shape{.type = "size",
                    .range = limits,
                    .pattern = "^[0-9]+(KiB|MiB|GiB)?$",
                    .minimum = min,
                    .maximum = max,
                    .number_too = true};
  const auto parse = [=](std::string_view text, Integer& out) -> std::optional<problem> {
    std::uint64_t value = 0;
    if (auto wrong = parse_size(text, value)) return wrong;
    if (value < min || value > max) return out_of_range(limits);
    out = static_cast<Integer>(value);
    return {};
  };
  return std::make_shared<scalar<Integer>>(std::move(shape), parse,
                                           [](const Integer& value) { return format(size_units, value); });
}

std::string format_thousandths(std::uint32_t value) {
  std::string out = std::to_string(value / 1000);
  if (value % 1000 == 0) return out;
  out += '.' + std::to_string(1000 + value % 1000).substr(1);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

std::optional<problem> parse_thousandths(std::string_view text, std::uint64_t& out) {
  constexpr std::size_t places = 3;
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
  const auto is_digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (!is_digits(whole) || (point < text.size() && !is_digits(fraction)))
    return problem{"not a number: " + quoted(text), ""};
  if (fraction.size() > places) return problem{"has more than three digits after the point", ""};
  // What does not fit is above any limit.
  constexpr std::size_t digits_max = 10;
  const std::string digits =
      std::string(whole) + std::string(fraction) + std::string(places - fraction.size(), '0');
  std::string_view rest = digits;
  rest.remove_prefix(std::min(rest.find_first_not_of('0'), rest.size() - 1));
  out = rest.size() > digits_max ? std::numeric_limits<std::uint64_t>::max() : std::stoull(std::string(rest));
  return {};
}

} // namespace

type_ptr<milliseconds> duration(milliseconds min, milliseconds max) {
  return make_duration<milliseconds>({min, max}, false);
}

type_ptr<milliseconds> duration_or_zero(milliseconds min, milliseconds max) {
  return make_duration<milliseconds>({min, max}, true);
}

type_ptr<milliseconds> whole_seconds(milliseconds min, milliseconds max) {
  return make_duration<milliseconds>({min, max, std::chrono::seconds(1)}, false);
}

type_ptr<std::chrono::seconds> seconds(std::chrono::seconds min, std::chrono::seconds max) {
  return make_duration<std::chrono::seconds>({min, max, std::chrono::seconds(1)}, false);
}

type_ptr<std::uint64_t> size(std::uint64_t min, std::uint64_t max) {
  return make_size<std::uint64_t>(min, max);
}
type_ptr<std::uint32_t> size32(std::uint32_t min, std::uint32_t max) {
  return make_size<std::uint32_t>(min, max);
}

type_ptr<std::uint32_t> number(std::uint32_t min, std::uint32_t max) {
  const std::string limits = range_text(std::to_string(min), std::to_string(max));
  description shape{
      .what = description::form::number, .type = "number", .range = limits, .minimum = min, .maximum = max};
  const auto parse = [=](std::string_view text, std::uint32_t& out) -> std::optional<problem> {
    std::uint64_t value = 0;
    std::string_view rest;
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos)
      return problem{"not a whole number: " + quoted(text), ""};
    if (!split(digits, value, rest) || (negative && value > 0)) return out_of_range(limits);
    if (value < min || value > max) return out_of_range(limits);
    out = static_cast<std::uint32_t>(value);
    return {};
  };
  return std::make_shared<scalar<std::uint32_t>>(
      std::move(shape), parse, [](const std::uint32_t& value) { return std::to_string(value); });
}

type_ptr<std::uint32_t> thousandths_or_zero(std::uint32_t min, std::uint32_t max) {
  const std::string limits = "0, or " + range_text(format_thousandths(min), format_thousandths(max));
  description shape{.what = description::form::decimal,
                    .type = "number",
                    .range = limits,
                    .minimum = 0,
                    .maximum = max / 1000};
  const auto parse = [=](std::string_view text, std::uint32_t& out) -> std::optional<problem> {
    std::uint64_t value = 0;
    if (auto wrong = parse_thousandths(text, value)) return wrong;
    if (value != 0 && (value < min || value > max)) return out_of_range(limits);
    out = static_cast<std::uint32_t>(value);
    return {};
  };
  return std::make_shared<scalar<std::uint32_t>>(
      std::move(shape), parse, [](const std::uint32_t& value) { return format_thousandths(value); });
}

type_ptr<bool> boolean() {
  description shape{.what = description::form::boolean, .type = "boolean"};
  const auto parse = [](std::string_view text, bool& out) -> std::optional<problem> {
    if (text != "true" && text != "false") return problem{"must be true or false, not " + quoted(text), ""};
    out = text == "true";
    return {};
  };
  return std::make_shared<scalar<bool>>(
      std::move(shape), parse, [](const bool& value) { return std::string(value ? "true" : "false"); });
}

std::optional<problem> find_choice(std::string_view text, const std::vector<std::string>& names,
                                   const std::vector<std::string>& later, std::size_t& index) {
  const auto found = std::ranges::find(names, text);
  if (found != names.end()) {
    index = static_cast<std::size_t>(found - names.begin());
    return {};
  }
  std::string all;
  for (const auto& name : names)
    all += (all.empty() ? "" : ", ") + name;
  if (std::ranges::find(later, text) != later.end())
    return problem{quoted(text) + " is not in this release", "write " + all};
  const std::string message =
      std::string(names.size() > 1 ? "must be one of " : "must be ") + all + ", not " + quoted(text);
  return problem{message, did_you_mean(text, names)};
}

} // namespace limpet::config
