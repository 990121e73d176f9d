// In place of the machine that runs PTX: kernels are functions of the host, so that the runtime is tested by
// itself.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "tests/gpusim/simulator.h"

namespace gpusim {

// A kernel under the address `handle`, with parameters of these sizes one after another.
void add_host_kernel(const void* handle, const std::vector<size_t>& parameters, size_t static_shared,
                     std::function<void(const Launch&)> body);

// The value of a launch's argument at an offset.
template <class T>
T argument(const Launch& launch, size_t offset) {
  T value;
  std::copy_n(launch.arguments.data() + offset, sizeof value, reinterpret_cast<std::byte*>(&value));
  return value;
}

}  // namespace gpusim
