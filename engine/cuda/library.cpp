#include "engine/cuda/library.h"

#include <dlfcn.h>

namespace mosaic::cuda {

Symbols load_library(const std::string& name, const char* op, const char* need) {
  void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  check<BackendError>(library != nullptr, op, need, " needs ", name, ": ", library ? "" : dlerror());
  return [library](const char* function) { return dlsym(library, function); };
}

}  // namespace mosaic::cuda
