#include "proxy/net/task.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace limpet::net {
namespace {

/// What a coroutine waits for until the test opens it.
struct gate {
  std::coroutine_handle<> waiting;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept { waiting = coroutine; }
  void await_resume() const noexcept {}
  void open() { std::exchange(waiting, {}).resume(); }
};

/// Notes when it goes.
struct trace {
  trace(std::vector<std::string>& to, std::string text) : log(to), name(std::move(text)) {}
  trace(const trace&) = delete;
  ~trace() { log.push_back(name); }
  std::vector<std::string>& log;
  std::string name;
};

/// A coroutine that nobody awaits, and how it ended.
struct started {
  explicit started(task<> work) : body(std::move(work)) {
    body.start(
        [](void* self, std::exception_ptr what) {
          ++static_cast<started*>(self)->ends;
          static_cast<started*>(self)->escaped = what;
        },
        this);
  }
  started(const started&) = delete;
  std::string message() const {
    try {
      if (escaped) std::rethrow_exception(escaped);
    } catch (const std::exception& e) {
      return e.what();
    }
    return "";
  }
  task<> body;
  int ends = 0;
  std::exception_ptr escaped;
};

task<int> seven_at_once() {
  return 7;
}

task<int> seven() {
  co_return 7;
}

task<int> seven_after(gate& opened) {
  co_await opened;
  co_return 7;
}

task<> store(task<int> from, int& into) {
  into = co_await from;
}

TEST(task, that_has_its_value_costs_no_suspension) {
  auto ready = seven_at_once();
  EXPECT_TRUE(ready.await_ready());
  EXPECT_EQ(ready.await_resume(), 7);
  EXPECT_TRUE(task<>().await_ready());
  EXPECT_FALSE(seven().await_ready());
}

TEST(task, goes_on_at_once_where_nothing_waits) {
  for (const auto& make : {&seven_at_once, &seven}) {
    int value = 0;
    const started whole(store(make(), value));
    EXPECT_EQ(value, 7);
    EXPECT_EQ(whole.ends, 1);
  }
}

TEST(task, goes_on_when_what_it_awaits_has_ended) {
  gate opened;
  int value = 0;
  const started whole(store(seven_after(opened), value));
  EXPECT_EQ(whole.ends, 0);
  opened.open();
  EXPECT_EQ(value, 7);
  EXPECT_EQ(whole.ends, 1);
}

TEST(task, can_wait_often) {
  gate opened;
  int rounds = 0;
  const auto work = [](gate& g, int& count) -> task<> {
    for (; count < 3; ++count)
      co_await seven_after(g);
  };
  const started whole(work(opened, rounds));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rounds, i);
    EXPECT_EQ(whole.ends, 0);
    opened.open();
  }
  EXPECT_EQ(whole.ends, 1);
}

TEST(task, begins_when_it_is_awaited) {
  bool begun = false;
  const auto begin = [](bool& b) -> task<> {
    b = true;
    co_return;
  };
  auto later = begin(begun);
  EXPECT_FALSE(begun);
  const auto await = [](task<> inner) -> task<> { co_await inner; };
  const started whole(await(std::move(later)));
  EXPECT_TRUE(begun);
}

TEST(task, hands_over_what_cannot_be_copied) {
  gate opened;
  const auto give = [](gate& g) -> task<std::unique_ptr<int>> {
    co_await g;
    co_return std::make_unique<int>(7);
  };
  const auto take = [](task<std::unique_ptr<int>> from, std::unique_ptr<int>& into) -> task<> {
    into = co_await from;
  };
  std::unique_ptr<int> value;
  const started whole(take(give(opened), value));
  opened.open();
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 7);
}

// -- exceptions -------------------------------------------------------

task<int> fail_at_once() {
  throw std::runtime_error("at once");
  co_return 0;
}

task<int> fail_after(gate& opened) {
  co_await opened;
  throw std::runtime_error("later");
}

TEST(task, throws_where_it_is_awaited) {
  std::string caught;
  const auto catching = [](task<int> from, std::string& into) -> task<> {
    try {
      co_await from;
    } catch (const std::exception& e) {
      into = e.what();
    }
  };
  const started first(catching(fail_at_once(), caught));
  EXPECT_EQ(caught, "at once");
  gate opened;
  const started second(catching(fail_after(opened), caught));
  opened.open();
  EXPECT_EQ(caught, "later");
  for (const auto* whole : {&first, &second}) {
    EXPECT_EQ(whole->ends, 1);
    EXPECT_FALSE(whole->escaped);
  }
}

TEST(task, tells_what_escaped_where_nobody_awaits_it) {
  int ignored = 0;
  const started first(store(fail_at_once(), ignored));
  EXPECT_EQ(first.ends, 1);
  EXPECT_EQ(first.message(), "at once");
  gate opened;
  const started second(store(fail_after(opened), ignored));
  EXPECT_EQ(second.ends, 0);
  opened.open();
  EXPECT_EQ(second.ends, 1);
  EXPECT_EQ(second.message(), "later");
}

// -- ends -------------------------------------------------------------

/// Goes when its coroutine ends, and the coroutine with it.
struct owner {
  owner(task<> work, bool& has_gone) : life(std::move(work)), gone(has_gone) {}
  ~owner() { gone = true; }
  static void on_end(void* self, std::exception_ptr) { delete static_cast<owner*>(self); }
  task<> life;
  bool& gone;
};

TEST(task, may_be_destroyed_when_it_tells_of_its_end) {
  int value = 0;
  bool gone = false;
  auto* at_once = new owner(store(seven(), value), gone);
  at_once->life.start(&owner::on_end, at_once);
  EXPECT_TRUE(gone);

  gate opened;
  gone = false;
  auto* later = new owner(store(seven_after(opened), value), gone);
  later->life.start(&owner::on_end, later);
  EXPECT_FALSE(gone);
  opened.open();
  EXPECT_TRUE(gone);
}

TEST(task, takes_all_that_it_awaits_along_when_it_is_destroyed) {
  gate opened;
  std::vector<std::string> log;
  const auto inner = [](gate& g, std::vector<std::string>& to) -> task<> {
    const trace held(to, "inner");
    co_await g;
    to.push_back("never");
  };
  const auto outer = [&inner](gate& g, std::vector<std::string>& to) -> task<> {
    const trace held(to, "outer");
    co_await inner(g, to);
    to.push_back("never");
  };
  {
    const started whole(outer(opened, log));
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log, (std::vector<std::string>{"inner", "outer"}));
}

TEST(task, that_nobody_awaits_lets_go_of_its_arguments) {
  std::vector<std::string> log;
  const auto hold = [](std::unique_ptr<trace>) -> task<> { co_return; };
  {
    const auto never = hold(std::make_unique<trace>(log, "argument"));
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log, std::vector<std::string>{"argument"});
}

// -- the stack --------------------------------------------------------

[[gnu::noinline]] std::uintptr_t stack_position() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

struct stack_use {
  std::uintptr_t lowest = UINTPTR_MAX;
  std::uintptr_t highest = 0;
  void note() {
    lowest = std::min(lowest, stack_position());
    highest = std::max(highest, stack_position());
  }
};

constexpr int many = 1'000'000;

task<int> note_and_go_on(stack_use& use) {
  use.note();
  co_return 1;
}

TEST(task, needs_no_more_stack_however_often_what_it_awaits_need_not_wait) {
  const auto work = [](stack_use& use, int& sum) -> task<> {
    for (int i = 0; i < many; ++i)
      sum += co_await note_and_go_on(use);
  };
  stack_use use;
  int sum = 0;
  const started whole(work(use, sum));
  EXPECT_EQ(whole.ends, 1);
  EXPECT_EQ(sum, many);
  EXPECT_LT(use.highest - use.lowest, 4096U);
}

TEST(task, needs_no_more_stack_however_often_what_it_awaits_has_waited) {
  const auto noting_after = [](gate& g, stack_use& use) -> task<int> {
    co_await g;
    co_return co_await note_and_go_on(use);
  };
  const auto work = [&noting_after](gate& g, stack_use& use, int& sum) -> task<> {
    for (int i = 0; i < many; ++i)
      sum += co_await noting_after(g, use);
  };
  gate opened;
  stack_use use;
  int sum = 0;
  const started whole(work(opened, use, sum));
  for (int i = 0; i < many; ++i)
    opened.open();
  EXPECT_EQ(whole.ends, 1);
  EXPECT_EQ(sum, many);
  EXPECT_LT(use.highest - use.lowest, 4096U);
}

// -- memory -----------------------------------------------------------

TEST(task_frames, do_not_overlap_and_may_be_freed_by_another_thread) {
  struct block {
    unsigned char* at;
    std::size_t size;
    unsigned char mark;
  };
  std::vector<block> blocks;
  const auto fill = [&blocks] {
    for (const std::size_t size : {1, 63, 64, 65, 500, 2048, 2049, 100'000})
      for (int i = 0; i < 3; ++i) {
        const auto mark = static_cast<unsigned char>(blocks.size());
        auto* at = static_cast<unsigned char*>(detail::allocate_frame(size));
        std::fill_n(at, size, mark);
        blocks.push_back({at, size, mark});
      }
  };
  const auto check_and_free = [&blocks] {
    for (const auto& [at, size, mark] : blocks) {
      EXPECT_EQ(std::count(at, at + size, mark), static_cast<std::ptrdiff_t>(size));
      detail::free_frame(at, size);
    }
    blocks.clear();
  };
  fill();
  check_and_free();
  fill(); // the same blocks again
  std::thread(check_and_free).join();
  fill();
  check_and_free();
}

} // namespace
} // namespace limpet::net
