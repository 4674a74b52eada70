#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace limpet {

/// Whether a function_ref `Reference` can stand for a `Callable`.
template <class Callable, class Reference, class Result, class... Arguments>
concept referable = !std::is_same_v<std::remove_cvref_t<Callable>, Reference> &&
                    std::is_invocable_r_v<Result, Callable&, Arguments...>;

template <class Signature>
class function_ref;

/// A callable passed down, never kept: two words, no allocation (std::function_ref comes with C++26).
template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
public:
  template <referable<function_ref, Result, Arguments...> Callable>
  function_ref(Callable&& callable) noexcept
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(
              std::forward<Arguments>(arguments)...);
        }) {}

  Result operator()(Arguments... arguments) const {
    return call_(object_, std::forward<Arguments>(arguments)...);
  }

private:
  void* object_;
  Result (*call_)(void*, Arguments...);
};

} // namespace limpet
