#include "config/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace limpet::config {
namespace {

using namespace std::chrono_literals;

/// What `kind` reads from `text`: the value written again, or the error and its hint.
template <class T>
std::string read(const type_ptr<T>& kind, const std::string& text) {
  reader r("f", nullptr);
  T value{};
  kind->read(node::scalar(text), value, r);
  const auto errors = r.take_errors();
  if (errors.empty()) return kind->write(value, secrets::shown)->text;
  return errors[0].message + (errors[0].hint.empty() ? "" : " (" + errors[0].hint + ')');
}

const std::string duration_hint = " (durations are whole numbers with a unit: ms, s, m, h or d)";

TEST(duration, takes_each_unit_and_writes_the_largest_that_fits) {
  const auto any = duration(0ms, days(40));
  EXPECT_EQ(read(any, "250ms"), "250ms");
  EXPECT_EQ(read(any, "10s"), "10s");
  EXPECT_EQ(read(any, "90s"), "90s");
  EXPECT_EQ(read(any, "60s"), "1m");
  EXPECT_EQ(read(any, "120m"), "2h");
  EXPECT_EQ(read(any, "30d"), "30d");
  EXPECT_EQ(read(any, "1500ms"), "1500ms");
  EXPECT_EQ(read(any, "0"), "0");
  EXPECT_EQ(read(any, "0s"), "0");
}

TEST(duration, asks_for_the_unit) {
  EXPECT_EQ(read(duration(1ms, 1h), "5"), "\"5\" has no unit (write 5s for seconds)");
}

TEST(duration, refuses_what_is_none) {
  for (const std::string text :
       {"", "s", "-5s", "+5s", "5 s", "1.5s", "5sec", "5S", "1h30m", "99999999999999999999s"})
    EXPECT_EQ(read(duration(1ms, 1h), text), "not a duration: \"" + text + '"' + duration_hint);
}

TEST(duration, has_a_range) {
  EXPECT_EQ(read(duration(1s, 1h), "999ms"), "must be 1s to 1h");
  EXPECT_EQ(read(duration(1s, 1h), "1s"), "1s");
  EXPECT_EQ(read(duration(1s, 1h), "1h"), "1h");
  EXPECT_EQ(read(duration(1s, 1h), "3600001ms"), "must be 1s to 1h");
  EXPECT_EQ(read(duration(1s, 1h), "0"), "must be 1s to 1h");
  EXPECT_EQ(read(duration(1s, 1h), "18446744073709551615d"), "must be 1s to 1h");
  EXPECT_EQ(read(duration(1s, 1h), "16359742646388824d"), "must be 1s to 1h"); // 1024 s modulo 2^64
}

TEST(thousandths, are_written_as_short_as_they_can_be) {
  const auto any = thousandths_or_zero(1, 10'000);
  for (const std::string text : {"0", "0.001", "1", "1.25", "1.2", "1.002", "9.999", "10"})
    EXPECT_EQ(read(any, text), text);
  EXPECT_EQ(read(any, "01.500"), "1.5");
  EXPECT_EQ(read(any, "0.000"), "0");
  EXPECT_EQ(read(any, "000000000000002"), "2");
}

TEST(thousandths, have_a_form_and_a_range) {
  const auto bound = thousandths_or_zero(1'001, 10'000);
  for (const std::string text :
       {"", ".", "1.", ".5", "-1", "+1", "1,5", "1.5x", "1e3", "1.2.3", " 2", "many"})
    EXPECT_EQ(read(bound, text), "not a number: \"" + text + '"');
  EXPECT_EQ(read(bound, "1.2500"), "has more than three digits after the point");
  for (const std::string text : {"1", "0.001", "10.001", "99999999999", "99999999999999999999999.5"})
    EXPECT_EQ(read(bound, text), "must be 0, or 1.001 to 10");
}

TEST(duration, takes_zero_where_it_stands_for_something) {
  EXPECT_EQ(read(duration_or_zero(1s, 1h), "0"), "0");
  EXPECT_EQ(read(duration_or_zero(1s, 1h), "1ms"), "must be 0, or 1s to 1h");
}

TEST(duration, in_whole_seconds_only) {
  EXPECT_EQ(read(whole_seconds(2s, 1h), "2500ms"), "must be whole seconds");
  EXPECT_EQ(read(whole_seconds(2s, 1h), "3000ms"), "3s");
  EXPECT_EQ(read(seconds(1s, days(400)), "30d"), "30d");
}

TEST(size, takes_bytes_and_binary_units) {
  const auto any = size(0, 4ULL << 30);
  EXPECT_EQ(read(any, "65536"), "64KiB");
  EXPECT_EQ(read(any, "64KiB"), "64KiB");
  EXPECT_EQ(read(any, "1MiB"), "1MiB");
  EXPECT_EQ(read(any, "2GiB"), "2GiB");
  EXPECT_EQ(read(any, "1000"), "1000");
  EXPECT_EQ(read(any, "0"), "0");
}

TEST(size, says_which_unit_was_meant) {
  EXPECT_EQ(read(size(0, 1 << 20), "64KB"), "not a size: \"64KB\" (write 64KiB)");
  EXPECT_EQ(read(size(0, 1 << 20), "1m"), "not a size: \"1m\" (write 1MiB)");
  const std::string hint = " (sizes are whole numbers of bytes, or of KiB, MiB or GiB)";
  for (const std::string text : {"", "KiB", "-1", "64 KiB", "1.5MiB", "12x"})
    EXPECT_EQ(read(size(0, 1 << 20), text), "not a size: \"" + text + '"' + hint);
}

TEST(size, has_a_range_and_does_not_overflow) {
  EXPECT_EQ(read(size(1024, 1 << 20), "1023"), "must be 1KiB to 1MiB");
  EXPECT_EQ(read(size(1024, 1 << 20), "1048577"), "must be 1KiB to 1MiB");
  EXPECT_EQ(read(size(1024, 1 << 20), "18014398509481988KiB"), "must be 1KiB to 1MiB"); // 4 KiB modulo 2^64
}

TEST(number, is_whole_and_in_range) {
  EXPECT_EQ(read(number(1, 65'535), "65535"), "65535");
  EXPECT_EQ(read(number(1, 65'535), "0"), "must be 1 to 65535");
  EXPECT_EQ(read(number(1, 65'535), "65536"), "must be 1 to 65535");
  EXPECT_EQ(read(number(0, 10), "-1"), "must be 0 to 10");
  EXPECT_EQ(read(number(0, 10), "99999999999999999999999"), "must be 0 to 10");
  for (const std::string text : {"", "-", "1.5", "0x10", "1e3", "ten", " 1", "1 "})
    EXPECT_EQ(read(number(0, 10), text), "not a whole number: \"" + text + '"');
}

TEST(boolean, is_true_or_false) {
  EXPECT_EQ(read(boolean(), "true"), "true");
  EXPECT_EQ(read(boolean(), "false"), "false");
  EXPECT_EQ(read(boolean(), "yes"), "must be true or false, not \"yes\"");
}

enum class colour : std::uint8_t { red, green };

TEST(choice, names_what_is_allowed_and_what_was_meant) {
  const auto one = choice<colour>({"red", "green"}, {"ultraviolet"});
  EXPECT_EQ(read(one, "green"), "green");
  EXPECT_EQ(read(one, "gren"), "must be one of red, green, not \"gren\" (did you mean \"green\"?)");
  EXPECT_EQ(read(one, "purple"), "must be one of red, green, not \"purple\"");
  EXPECT_EQ(read(one, "ultraviolet"), "\"ultraviolet\" is not in this release (write red, green)");
}

} // namespace
} // namespace limpet::config
