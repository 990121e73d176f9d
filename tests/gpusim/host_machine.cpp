#include "tests/gpusim/host_machine.h"

#include <map>

#include "tests/gpusim/driver.h"
#include "tests/gpusim/fatbin.h"
#include "tests/gpusim/memory.h"

namespace gpusim {
namespace {

struct Kernel {
  std::vector<Parameter> parameters;
  size_t static_shared;
  std::function<void(const Launch&)> body;
};
std::map<const void*, Kernel>& kernels() {
  static std::map<const void*, Kernel> all;
  return all;
}
std::map<const void*, void*>& variables() {
  static std::map<const void*, void*> all;
  return all;
}

}  // namespace

void add_host_kernel(const void* handle, const std::vector<size_t>& sizes, size_t static_shared,
                     std::function<void(const Launch&)> body) {
  Kernel k{{}, static_shared, std::move(body)};
  size_t offset = 0;
  for (const size_t size : sizes) {
    k.parameters.push_back({offset, size});
    offset += size;
  }
  kernels()[handle] = std::move(k);
}

void register_fat_binary(const void* wrapper) {
  ptx_of_fat_binary(wrapper);
}
void register_function(const void*, const char*) {}
void register_variable(const void* handle, const char*, size_t bytes) {
  variables()[handle] = Memory::device().allocate(bytes);
}
const std::vector<Parameter>* parameters_of(const void* function) {
  const auto found = kernels().find(function);
  return found == kernels().end() ? nullptr : &found->second.parameters;
}
size_t static_shared_of(const void* function) {
  return kernels().at(function).static_shared;
}
int target_of(const void*) {
  return 80;
}
void* address_of(const void* variable) {
  const auto found = variables().find(variable);
  return found == variables().end() ? nullptr : found->second;
}
void run(const Launch& launch) {
  kernels().at(launch.function).body(launch);
}

}  // namespace gpusim
