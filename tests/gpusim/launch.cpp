// How nvcc's host code registers device code and launches it, with the limits of the hardware and the codes
// it gives where they are passed.
#include "tests/gpusim/launch.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/gpusim/driver.h"
#include "tests/gpusim/errors.h"
#include "tests/gpusim/limits.h"
#include "tests/gpusim/simulator.h"
#include "tests/gpusim/streams.h"

using namespace gpusim;

namespace {

// Made with its first use: nvcc registers from static constructors.
struct Registered {
  std::mutex mutex;
  std::map<const void*, size_t> variables;       // and their bytes
  std::map<const void*, size_t> dynamic_shared;  // of kernels that asked for more than 48 KB, in bytes
  static Registered& instance() {
    static Registered* const registered = new Registered;
    return *registered;
  }
};

size_t most_dynamic_shared(const void* function) {
  Registered& r = Registered::instance();
  const std::lock_guard lock(r.mutex);
  const auto asked = r.dynamic_shared.find(function);
  if (asked != r.dynamic_shared.end()) return asked->second;
  const size_t fixed = static_shared_of(function);
  return fixed < limits::shared_per_block ? limits::shared_per_block - fixed : 0;
}

struct Configuration {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};

bool within(unsigned value, int most) {
  return value >= 1 && value <= static_cast<unsigned>(most);
}

cudaError_t check(const void* function, const Configuration& c) {
  if (!parameters_of(function)) return cudaErrorInvalidDeviceFunction;
  if (target_of(function) > driver().architecture) return cudaErrorNoKernelImageForDevice;
  const bool sizes = within(c.grid.x, limits::grid_x) && within(c.grid.y, limits::grid_yz) &&
                     within(c.grid.z, limits::grid_yz) && within(c.block.x, limits::block_xy) &&
                     within(c.block.y, limits::block_xy) && within(c.block.z, limits::block_z);
  if (!sizes || c.block.x * c.block.y * c.block.z > static_cast<unsigned>(limits::threads_per_block)) {
    return cudaErrorInvalidConfiguration;
  }
  return c.shared <= most_dynamic_shared(function) ? cudaSuccess : cudaErrorInvalidValue;
}

std::vector<std::byte> packed(const std::vector<Parameter>& parameters, void** arguments) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto [offset, size] = parameters[i];
    bytes.resize(offset + size);
    std::memcpy(bytes.data() + offset, arguments[i], size);
  }
  return bytes;
}

cudaError_t launch(const void* function, const Configuration& c, void** arguments) {
  if (const cudaError_t error = check(function, c); error != cudaSuccess) return report(error);
  const auto stream = Streams::instance().find(c.stream);
  if (!stream) return report(cudaErrorInvalidResourceHandle);
  Launch what;
  what.function = function;
  what.grid = {c.grid.x, c.grid.y, c.grid.z};
  what.block = {c.block.x, c.block.y, c.block.z};
  what.dynamic_shared = c.shared;
  what.arguments = packed(*parameters_of(function), arguments);
  Streams::instance().queue(stream, [what = std::move(what)] { run(what); });
  return cudaSuccess;
}

// Between <<<>>> and the kernel's stub.
std::vector<Configuration>& pending() {
  thread_local std::vector<Configuration> configurations;
  return configurations;
}

// By threads, blocks and shared memory; registers are ptxas's matter.
int resident_blocks(const void* function, int threads, size_t dynamic_shared) {
  if (threads > limits::threads_per_block || dynamic_shared > most_dynamic_shared(function)) return 0;
  const int rounded = (threads + limits::warp - 1) / limits::warp * limits::warp;
  const size_t shared = static_shared_of(function) + dynamic_shared + limits::shared_reserved;
  const int by_threads = limits::threads_per_multiprocessor / rounded;
  const int by_shared = static_cast<int>(limits::shared_per_multiprocessor / shared);
  return std::min({by_threads, by_shared, limits::blocks_per_multiprocessor});
}

}  // namespace

size_t gpusim::size_of_variable(const void* variable) {
  Registered& r = Registered::instance();
  const std::lock_guard lock(r.mutex);
  const auto found = r.variables.find(variable);
  return found == r.variables.end() ? 0 : found->second;
}

extern "C" {

void** __cudaRegisterFatBinary(void* wrapper) {
  register_fat_binary(wrapper);
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) {
  return 0;
}
void __cudaRegisterFunction(void**, const char* handle, char*, const char* name, int, uint3*, uint3*, dim3*,
                            dim3*, int*) {
  register_function(handle, name);
}
void __cudaRegisterVar(void**, char* handle, char*, const char* name, int, size_t bytes, int, int) {
  register_variable(handle, name, bytes);
  Registered& r = Registered::instance();
  const std::lock_guard lock(r.mutex);
  r.variables[handle] = bytes;
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream) {
  pending().push_back({grid, block, shared, stream});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared, void* stream) {
  if (pending().empty()) return report(cudaErrorMissingConfiguration);
  const Configuration c = pending().back();
  pending().pop_back();
  *grid = c.grid;
  *block = c.block;
  *shared = c.shared;
  *static_cast<cudaStream_t*>(stream) = c.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  *kernel = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared,
                               cudaStream_t stream) {
  return launch(kernel, {grid, block, shared, stream}, arguments);
}
cudaError_t cudaLaunchKernel(const void* function, dim3 grid, dim3 block, void** arguments, size_t shared,
                             cudaStream_t stream) {
  return launch(function, {grid, block, shared, stream}, arguments);
}
// Attributes that only hint are passed over; clusters and grids that wait for themselves are not simulated.
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** arguments) {
  if (!config) return report(cudaErrorInvalidValue);
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const cudaLaunchAttribute& a = config->attrs[i];
    if (a.id == cudaLaunchAttributeCooperative && a.val.cooperative) return report(cudaErrorNotSupported);
    const auto& cluster = a.val.clusterDim;
    if (a.id == cudaLaunchAttributeClusterDimension && cluster.x * cluster.y * cluster.z != 1) {
      return report(cudaErrorNotSupported);
    }
  }
  return launch(function, {config->gridDim, config->blockDim, config->dynamicSmemBytes, config->stream},
                arguments);
}

cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  if (!parameters_of(function)) return report(cudaErrorInvalidDeviceFunction);
  if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return cudaSuccess;
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0) {
    return report(cudaErrorInvalidValue);
  }
  const auto bytes = static_cast<size_t>(value);
  if (static_shared_of(function) + bytes > limits::shared_opt_in) return report(cudaErrorInvalidValue);
  Registered& r = Registered::instance();
  const std::lock_guard lock(r.mutex);
  r.dynamic_shared[function] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFuncSetCacheConfig(const void* function, cudaFuncCache) {
  return report(parameters_of(function) ? cudaSuccess : cudaErrorInvalidDeviceFunction);
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  if (!attributes) return report(cudaErrorInvalidValue);
  if (!parameters_of(function)) return report(cudaErrorInvalidDeviceFunction);
  if (target_of(function) > driver().architecture) return report(cudaErrorNoKernelImageForDevice);
  std::memset(attributes, 0, sizeof *attributes);
  attributes->sharedSizeBytes = static_shared_of(function);
  attributes->maxThreadsPerBlock = limits::threads_per_block;
  attributes->maxDynamicSharedSizeBytes = static_cast<int>(most_dynamic_shared(function));
  attributes->ptxVersion = target_of(function);
  attributes->binaryVersion = driver().architecture;
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function, int threads,
                                                          size_t dynamic_shared) {
  if (!blocks || threads < 1) return report(cudaErrorInvalidValue);
  if (!parameters_of(function)) return report(cudaErrorInvalidDeviceFunction);
  *blocks = resident_blocks(function, threads, dynamic_shared);
  return cudaSuccess;
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* function,
                                                                   int threads, size_t dynamic_shared,
                                                                   unsigned) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, threads, dynamic_shared);
}

}  // extern "C"
