// Libraries of functions that are found at run time.
#pragma once

#include <functional>
#include <string>

#include "engine/core/error.h"

namespace mosaic::cuda {

// The address of a function by its name; null for names that are not there.
using SymbolSource = void* (*)(const char* name);
using Symbols = std::function<void*(const char* name)>;

// The functions of a shared library, which stays loaded; BackendError "[op] NEED needs NAME: reason" when it
// cannot be loaded.
Symbols load_library(const std::string& name, const char* op, const char* need);

// Sets `function` to what `name` is; BackendError [op] when there is none.
template <class Function>
void find(const Symbols& symbols, const char* op, const char* name, Function& function) {
  function = reinterpret_cast<Function>(symbols(name));
  check<BackendError>(function != nullptr, op, "the library has no function ", name);
}

}  // namespace mosaic::cuda
