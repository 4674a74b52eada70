#include "proxy/net/listen_socket.hpp"
#include "proxy/ops/access_log.hpp"
#include "tests/proxy/ops/temporary_folder.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>
#include <thread>
#include <vector>

namespace limpet::ops {
namespace {

using namespace std::chrono_literals;

http::access_record numbered(unsigned number) {
  http::access_record r;
  r.method = "GET";
  r.path = "/a/path/of/some/length";
  r.status = number;
  return r;
}

/// The records' numbers, in the order of the lines. Fails where a line is not whole.
std::vector<unsigned> numbers_in(const std::string& text) {
  std::vector<unsigned> numbers;
  EXPECT_TRUE(text.empty() || text.back() == '\n');
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    boost::system::error_code error;
    const auto parsed = boost::json::parse(line, error);
    EXPECT_FALSE(error) << line;
    if (!error) numbers.push_back(parsed.at("status").to_number<unsigned>());
  }
  return numbers;
}

std::vector<unsigned> first_numbers(unsigned count) {
  std::vector<unsigned> numbers(count);
  for (unsigned i = 0; i < count; ++i)
    numbers[i] = i;
  return numbers;
}

class access_log_test : public testing::Test {
protected:
  std::string path() const { return folder_.file("access.log"); }

  /// A FIFO of the smallest size with a reader's end, which reads when it is asked to.
  net::unique_fd make_fifo() const {
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
    net::unique_fd reader(::open(path().c_str(), O_RDONLY | O_NONBLOCK));
    ::fcntl(reader.get(), F_SETPIPE_SZ, 4096);
    ::fcntl(reader.get(), F_SETFL, 0); // from here on reads wait for bytes
    return reader;
  }

  temporary_folder folder_;
};

/// Reads until `done(text)`, or until no writer is left.
template <class Done>
std::string read_until(int fd, Done done) {
  std::string text;
  char bytes[4096];
  while (!done(text)) {
    const auto size = ::read(fd, bytes, sizeof bytes);
    if (size <= 0) break;
    text.append(bytes, static_cast<std::size_t>(size));
  }
  return text;
}

TEST_F(access_log_test, records_stand_in_the_file_in_order) {
  access_log log(path());
  auto sink = log.make_sink();
  for (unsigned i = 0; i < 1000; ++i)
    sink->write(numbered(i));
  sink->flush();
  log.stop();
  EXPECT_EQ(numbers_in(contents_of(path())), first_numbers(1000));
  EXPECT_EQ(log.dropped(), 0U);
  EXPECT_EQ(log.failed(), 0U);
}

TEST_F(access_log_test, a_sink_that_goes_hands_over_what_it_has) {
  access_log log(path());
  log.make_sink()->write(numbered(7));
  log.stop();
  EXPECT_EQ(numbers_in(contents_of(path())), std::vector<unsigned>{7});
}

TEST_F(access_log_test, a_path_that_cannot_be_opened_is_said_at_once) {
  EXPECT_THROW(access_log(folder_.file("no/such/folder")), boost::system::system_error);
}

TEST_F(access_log_test, a_full_disk_is_counted_and_nothing_waits) {
  access_log log("/dev/full");
  auto sink = log.make_sink();
  for (unsigned i = 0; i < 500; ++i)
    sink->write(numbered(i));
  sink->flush();
  log.stop();
  EXPECT_EQ(log.dropped(), 500U);
  EXPECT_GE(log.failed(), 1U);
}

TEST_F(access_log_test, after_stop_records_are_dropped_and_counted) {
  access_log log(path());
  auto sink = log.make_sink();
  log.stop();
  log.stop();
  sink->write(numbered(1));
  sink->flush();
  EXPECT_EQ(log.dropped(), 1U);
  EXPECT_EQ(contents_of(path()), "");
}

TEST_F(access_log_test, a_slow_reader_costs_records_but_no_line_is_torn) {
  const auto reader = make_fifo();
  access_log log(path(), {.queue_bytes = 64 * 1024, .batch_bytes = 2048});
  auto sink = log.make_sink();
  constexpr unsigned count = 5000;
  for (unsigned i = 0; i < count; ++i)
    sink->write(numbered(i));
  sink->flush();
  EXPECT_GT(log.dropped(), 0U) << "nobody reads, and the queue has a limit";

  // The reader wakes up: all that was kept comes, and what is written from here on comes too.
  std::string marker;
  auto text = read_until(reader.get(), [&](const std::string& so_far) {
    if (so_far.find("\"status\":999999") != std::string::npos) return true;
    if (marker.empty() &&
        numbers_in(so_far.substr(0, so_far.rfind('\n') + 1)).size() + log.dropped() >= count) {
      marker = "written";
      sink->write(numbered(999'999));
      sink->flush();
    }
    return false;
  });
  const auto numbers = numbers_in(text);
  EXPECT_EQ(numbers.back(), 999'999U);
  EXPECT_EQ(numbers.size() - 1 + log.dropped(), count);
  EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST_F(access_log_test, a_reader_that_never_reads_does_not_hold_back_the_end) {
  const auto reader = make_fifo();
  access_log log(path(), {.queue_bytes = 1 << 20, .batch_bytes = 1024, .stop = 20ms});
  auto sink = log.make_sink();
  for (unsigned i = 0; i < 1000; ++i)
    sink->write(numbered(i));
  sink->flush();
  log.stop();
  const auto text = read_until(reader.get(), [](const std::string&) { return false; });
  EXPECT_EQ(numbers_in(text).size() + log.dropped(), 1000U);
  EXPECT_GT(log.dropped(), 0U);
}

TEST_F(access_log_test, a_reader_that_left_is_counted_and_the_next_one_gets_whole_lines) {
  auto reader = make_fifo();
  access_log log(path());
  auto sink = log.make_sink();
  reader = {};
  sink->write(numbered(1));
  sink->flush();
  while (log.dropped() == 0)
    std::this_thread::yield();
  EXPECT_EQ(log.dropped(), 1U);

  reader = net::unique_fd(::open(path().c_str(), O_RDONLY));
  sink->write(numbered(2));
  sink->flush();
  log.stop();
  const auto text = read_until(reader.get(), [](const std::string&) { return false; });
  EXPECT_EQ(numbers_in(text), std::vector<unsigned>{2});
}

TEST_F(access_log_test, reopening_begins_a_new_file) {
  access_log log(path());
  auto sink = log.make_sink();
  sink->write(numbered(1));
  sink->flush();
  while (contents_of(path()).empty())
    std::this_thread::yield();
  std::filesystem::rename(path(), path() + ".1");
  log.reopen();
  while (!std::filesystem::exists(path()))
    std::this_thread::yield();
  sink->write(numbered(2));
  sink->flush();
  log.stop();
  EXPECT_EQ(numbers_in(contents_of(path() + ".1")), std::vector<unsigned>{1});
  EXPECT_EQ(numbers_in(contents_of(path())), std::vector<unsigned>{2});
}

TEST_F(access_log_test, reopening_does_not_wait_for_a_reader_that_does_not_read) {
  const auto reader = make_fifo();
  access_log log(path(), {.queue_bytes = 1 << 20, .batch_bytes = 64 * 1024});
  auto sink = log.make_sink();
  for (unsigned i = 0; i < 1000; ++i)
    sink->write(numbered(i));
  sink->flush();
  // Something came, of a batch that the FIFO cannot hold: the writer waits inside it.
  pollfd some{reader.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&some, 1, -1), 1);
  std::filesystem::rename(path(), path() + ".1");
  log.reopen();
  while (!std::filesystem::exists(path()))
    std::this_thread::yield();
  log.stop();
  const auto text = read_until(reader.get(), [](const std::string&) { return false; });
  const auto in_old = numbers_in(text).size();
  EXPECT_EQ(in_old + numbers_in(contents_of(path())).size() + log.dropped(), 1000U);
  EXPECT_EQ(log.dropped(), 0U) << "what the FIFO did not take went to the new file";
}

TEST_F(access_log_test, many_workers_write_whole_lines) {
  access_log log(path());
  constexpr unsigned workers = 4;
  constexpr unsigned each = 5000;
  std::vector<std::thread> threads;
  for (unsigned w = 0; w < workers; ++w)
    threads.emplace_back([sink = log.make_sink()] {
      for (unsigned i = 0; i < each; ++i)
        sink->write(numbered(i));
    });
  for (auto& t : threads)
    t.join();
  threads.clear();
  log.stop();
  EXPECT_EQ(numbers_in(contents_of(path())).size() + log.dropped(), workers * each);
}

} // namespace
} // namespace limpet::ops
