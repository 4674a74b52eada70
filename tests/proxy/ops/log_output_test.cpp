#include "proxy/ops/log_output.hpp"
#include "tests/proxy/ops/temporary_folder.hpp"

#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <signal.h>

namespace limpet::ops {
namespace {

using end = log_output::end;

struct scripted_waiter final : log_output::waiter {
  bool wait_writable(int) override {
    ++asked;
    return false;
  }
  int asked = 0;
};

/// A full disk that can be emptied: no file grows past so many bytes.
class size_limit {
public:
  explicit size_limit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    set(bytes);
  }
  ~size_limit() { lift(); }
  void set(rlim_t bytes) const {
    const rlimit wanted{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &wanted);
  }
  void lift() const { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
  rlimit before_{};
};

class log_output_test : public testing::Test {
protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
  }
  std::string fifo() const {
    const auto path = folder_.file("fifo");
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    return path;
  }
  std::string path() const { return folder_.file("log"); }

  temporary_folder folder_;
  scripted_waiter waits_;
};

std::string read_some(int fd) {
  std::string bytes(1 << 20, '\0');
  const auto size = ::read(fd, bytes.data(), bytes.size());
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

TEST_F(log_output_test, a_file_is_made_with_mode_0640_and_appended_to) {
  ::umask(0);
  EXPECT_EQ(log_output(path()).write("one\n", waits_).how, end::done);
  EXPECT_EQ(log_output(path()).write("two\nthree\n", waits_).how, end::done);
  EXPECT_EQ(contents_of(path()), "one\ntwo\nthree\n");
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST_F(log_output_test, a_path_that_cannot_be_opened_is_said_at_once) {
  EXPECT_THROW(log_output(folder_.file("no/such/folder")), boost::system::system_error);
}

TEST_F(log_output_test, a_full_device_refuses_and_hands_back_every_line) {
  log_output out("/dev/full");
  const auto r = out.write("one\ntwo\n", waits_);
  EXPECT_EQ(r.how, end::refused);
  EXPECT_EQ(r.error.value(), ENOSPC);
  EXPECT_EQ(r.rest, "one\ntwo\n");
}

TEST_F(log_output_test, a_line_that_a_full_disk_cut_is_ended_before_anything_else) {
  log_output out(path());
  const size_limit disk(6);
  auto r = out.write("one\ntwo\nthree\n", waits_);
  EXPECT_EQ(r.how, end::refused);
  EXPECT_EQ(r.rest, "three\n") << "the line that was begun is no more among the rest";
  EXPECT_EQ(contents_of(path()), "one\ntw");
  EXPECT_TRUE(out.in_a_line());

  r = out.write("four\n", waits_);
  EXPECT_EQ(r.how, end::refused);
  EXPECT_EQ(r.rest, "four\n");
  disk.set(7);
  EXPECT_EQ(out.write("five\n", waits_).rest, "five\n");
  disk.lift();
  EXPECT_EQ(out.write("six\n", waits_).how, end::done);
  EXPECT_EQ(contents_of(path()), "one\ntwo\nsix\n");
  EXPECT_FALSE(out.in_a_line());
}

TEST_F(log_output_test, a_disk_that_fills_between_two_lines_tears_none) {
  log_output out(path());
  const size_limit disk(4);
  EXPECT_EQ(out.write("one\ntwo\n", waits_).rest, "two\n");
  EXPECT_FALSE(out.in_a_line());
  disk.lift();
  EXPECT_EQ(out.write("three\n", waits_).how, end::done);
  EXPECT_EQ(contents_of(path()), "one\nthree\n");
}

TEST_F(log_output_test, reopening_ends_the_torn_line_in_the_old_file_where_it_can) {
  log_output out(path());
  {
    const size_limit disk(2);
    EXPECT_EQ(out.write("one\n", waits_).how, end::refused);
  }
  std::filesystem::rename(path(), path() + ".1");
  EXPECT_FALSE(out.reopen().left_torn);
  EXPECT_EQ(out.write("two\n", waits_).how, end::done);
  EXPECT_EQ(contents_of(path() + ".1"), "one\n");
  EXPECT_EQ(contents_of(path()), "two\n");
}

TEST_F(log_output_test, reopening_begins_the_new_file_at_a_line_though_the_old_is_torn) {
  log_output out(path());
  const size_limit disk(2);
  EXPECT_EQ(out.write("one\n", waits_).how, end::refused);
  std::filesystem::rename(path(), path() + ".1");
  EXPECT_TRUE(out.reopen().left_torn);
  disk.lift();
  EXPECT_EQ(out.write("two\n", waits_).how, end::done);
  EXPECT_EQ(contents_of(path() + ".1"), "on");
  EXPECT_EQ(contents_of(path()), "two\n");
}

TEST_F(log_output_test, where_the_new_file_cannot_be_opened_the_old_one_stays) {
  std::filesystem::create_directory(folder_.file("d"));
  const auto inside = folder_.file("d/log");
  log_output out(inside);
  std::filesystem::rename(folder_.file("d"), folder_.file("e"));
  EXPECT_TRUE(out.reopen().error);
  EXPECT_EQ(out.write("one\n", waits_).how, end::done);
  EXPECT_EQ(contents_of(folder_.file("e/log")), "one\n");
}

TEST_F(log_output_test, a_fifo_gets_whole_lines_and_the_waiter_may_interrupt) {
  const auto name = fifo();
  const net::unique_fd reader(::open(name.c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_GE(::fcntl(reader.get(), F_SETPIPE_SZ, 4096), 4096);
  log_output out(name);
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += std::string(99, 'x') + '\n';

  auto r = out.write(lines, waits_);
  EXPECT_EQ(r.how, end::interrupted);
  EXPECT_EQ(waits_.asked, 1);
  const auto first = read_some(reader.get());
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first + std::string(r.rest), lines);
  EXPECT_EQ(first.back(), '\n');
}

TEST_F(log_output_test, a_fifo_that_nobody_reads_yet_refuses_until_somebody_does) {
  const auto name = fifo();
  log_output out(name);
  EXPECT_EQ(out.write("one\n", waits_).error.value(), ENXIO);
  const net::unique_fd reader(::open(name.c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_EQ(out.write("two\n", waits_).how, end::done);
  EXPECT_EQ(read_some(reader.get()), "two\n");
}

TEST_F(log_output_test, the_next_reader_of_a_fifo_goes_on_where_the_last_one_left) {
  const auto name = fifo();
  net::unique_fd reader(::open(name.c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_GE(::fcntl(reader.get(), F_SETPIPE_SZ, 4096), 4096);
  log_output out(name);
  const auto long_line = std::string(10'000, 'x') + '\n';
  EXPECT_EQ(out.write(long_line, waits_).how, end::interrupted);
  EXPECT_TRUE(out.in_a_line());

  reader = {};
  const auto r = out.write("lost\n", waits_);
  EXPECT_EQ(r.error.value(), EPIPE);
  EXPECT_EQ(r.rest, "lost\n");
  reader = net::unique_fd(::open(name.c_str(), O_RDONLY | O_NONBLOCK));
  std::string text;
  while (out.write("whole\n", waits_).how != end::done)
    text += read_some(reader.get());
  text += read_some(reader.get());
  EXPECT_EQ(text, long_line + "whole\n") << "the pipe had kept what nobody had read";
}

} // namespace
} // namespace limpet::ops
