#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace limpet::net {

namespace detail {

/// Memory for coroutine frames: blocks of a few sizes, kept by the thread that freed them and used again last
/// freed first, so that a busy worker's frames stay in its caches. Not under AddressSanitizer, which is to
/// see a frame that is used after its end.
void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

struct task_promise_base {
  /// Who waits, or else whom to tell. Neither while the task runs for the first time.
  std::coroutine_handle<> waiter;
  void (*on_end)(void* context, std::exception_ptr escaped) = nullptr;
  void* context = nullptr;
  std::exception_ptr escaped;

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

  std::suspend_always initial_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { escaped = std::current_exception(); }

  /// Whoever is told may destroy the frame: it is not touched after that.
  struct final_step {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      auto& promise = ended.promise();
      if (promise.waiter)
        promise.waiter.resume();
      else if (promise.on_end)
        promise.on_end(promise.context, promise.escaped);
    }
    void await_resume() const noexcept {}
  };
  final_step final_suspend() const noexcept { return {}; }
};

template <class T>
struct task_promise : task_promise_base {
  std::optional<T> value;
  auto get_return_object() noexcept { return std::coroutine_handle<task_promise>::from_promise(*this); }
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct task_promise<void> : task_promise_base {
  auto get_return_object() noexcept { return std::coroutine_handle<task_promise>::from_promise(*this); }
  void return_void() const noexcept {}
  void take() const noexcept {}
};

/// The coroutine behind a task, destroyed with it, wherever it stands.
template <class T>
class task_frame {
public:
  using handle = std::coroutine_handle<task_promise<T>>;
  task_frame() = default;
  explicit task_frame(handle h) noexcept : handle_(h) {}
  task_frame(task_frame&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task_frame& operator=(task_frame&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task_frame() {
    if (handle_) handle_.destroy();
  }
  explicit operator bool() const noexcept { return static_cast<bool>(handle_); }

  /// Runs it up to its first wait. True where that is its end.
  bool run() {
    handle_.resume();
    return handle_.done();
  }
  /// The same where its end may destroy it.
  void run_detached() { handle(handle_).resume(); }
  auto& promise() const noexcept { return handle_.promise(); }
  T take() {
    if (promise().escaped) std::rethrow_exception(promise().escaped);
    return promise().take();
  }

private:
  handle handle_;
};

} // namespace detail

/// What a function comes to that may have to wait: a value that is there already, or a coroutine that begins
/// to run when it is awaited. A function with a way that need not wait is no coroutine itself: it returns the
/// value, or another function's task for the rest, and so costs no frame. One thread; no executor: a wait
/// ends in the event loop that it waits in.
template <class T = void>
class [[nodiscard]] task {
public:
  using promise_type = detail::task_promise<T>;

  /// There is nothing to wait for.
  task(T value) : value_(std::move(value)) {}
  task(typename detail::task_frame<T>::handle h) noexcept : frame_(h) {}

  bool await_ready() const noexcept { return !frame_; }
  /// Goes on at once where the coroutine never waited.
  bool await_suspend(std::coroutine_handle<> waiter) {
    if (frame_.run()) return false;
    frame_.promise().waiter = waiter;
    return true;
  }
  T await_resume() { return frame_ ? frame_.take() : std::move(*value_); }

private:
  std::optional<T> value_;
  detail::task_frame<T> frame_;
};

template <>
class [[nodiscard]] task<void> {
public:
  using promise_type = detail::task_promise<void>;

  /// There is nothing to wait for, or to start.
  task() = default;
  task(detail::task_frame<void>::handle h) noexcept : frame_(h) {}

  bool await_ready() const noexcept { return !frame_; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    if (frame_.run()) return false;
    frame_.promise().waiter = waiter;
    return true;
  }
  void await_resume() {
    if (frame_) frame_.take();
  }

  /// Runs it without anybody waiting; `on_end` is told of its end, and of what escaped, and may destroy it.
  void start(void (*on_end)(void* context, std::exception_ptr escaped), void* context) {
    frame_.promise().on_end = on_end;
    frame_.promise().context = context;
    frame_.run_detached();
  }

private:
  detail::task_frame<void> frame_;
};

} // namespace limpet::net
