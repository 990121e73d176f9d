// The device, and launches: arguments, and the limits of the hardware with the codes it gives.
#include <cuda_runtime_api.h>
#include <doctest/doctest.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/gpusim/fault.h"
#include "tests/gpusim/host_machine.h"

extern "C" {
unsigned __cudaPushCallConfiguration(dim3, dim3, size_t, cudaStream_t);
cudaError_t __cudaPopCallConfiguration(dim3*, dim3*, size_t*, void*);
cudaError_t __cudaGetKernel(cudaKernel_t*, const void*);
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, size_t, cudaStream_t);
}

using namespace gpusim;

namespace {

const char nothing = 0, taking = 0, faulty = 0, unknown = 0;

cudaError_t launch(dim3 grid, dim3 block, size_t shared = 0) {
  static const bool added = (add_host_kernel(&nothing, {}, 1024, [](const Launch&) {}), true);
  REQUIRE(added);
  return cudaLaunchKernel(&nothing, grid, block, nullptr, shared, nullptr);
}

}  // namespace

TEST_CASE("gpusim launch: sizes within the limits run, others are refused with CUDA's codes") {
  CHECK(launch(1, 1) == cudaSuccess);
  CHECK(launch(2147483647, 1024) == cudaSuccess);
  CHECK(launch({1, 65535, 65535}, {16, 1, 64}) == cudaSuccess);
  for (const dim3 grid : {dim3(0), dim3(1, 65536), dim3(1, 1, 65536), dim3(2147483648u), dim3(1, 0)}) {
    CHECK(launch(grid, 32) == cudaErrorInvalidConfiguration);
  }
  for (const dim3 block : {dim3(0), dim3(1025), dim3(33, 32), dim3(1, 1, 65), dim3(1, 1025)}) {
    CHECK(launch(1, block) == cudaErrorInvalidConfiguration);
  }
  CHECK(cudaGetLastError() == cudaErrorInvalidConfiguration);
  CHECK(cudaGetLastError() == cudaSuccess);
  CHECK(cudaLaunchKernel(&unknown, 1, 1, nullptr, 0, nullptr) == cudaErrorInvalidDeviceFunction);
  cudaGetLastError();
}

TEST_CASE("gpusim launch: more than 48 KB of shared memory must be asked for") {
  CHECK(launch(1, 1, 47 << 10) == cudaSuccess);  // and 1 KB is static
  CHECK(launch(1, 1, (47 << 10) + 1) == cudaErrorInvalidValue);
  const auto ask = [](int bytes) {
    return cudaFuncSetAttribute(&nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
  };
  CHECK(ask((226 << 10) + 1) == cudaErrorInvalidValue);
  CHECK(ask(226 << 10) == cudaSuccess);
  CHECK(launch(1, 1, 226 << 10) == cudaSuccess);
  int blocks = 0;
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, &nothing, 256, 226 << 10) == cudaSuccess);
  CHECK(blocks == 1);
  CHECK(ask(50 << 10) == cudaSuccess);
  CHECK(launch(1, 1, (50 << 10) + 1) == cudaErrorInvalidValue);
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, &nothing, 256, 0) == cudaSuccess);
  CHECK(blocks == 8);
  cudaFuncAttributes attributes{};
  CHECK(cudaFuncGetAttributes(&attributes, &nothing) == cudaSuccess);
  CHECK(attributes.sharedSizeBytes == 1024);
  CHECK(attributes.maxDynamicSharedSizeBytes == 50 << 10);
  cudaGetLastError();
}

TEST_CASE("gpusim launch: arguments and sizes arrive, by every way in") {
  Launch seen;
  add_host_kernel(&taking, {8, 4}, 0, [&seen](const Launch& l) { seen = l; });
  double x = 2.5;
  int n = 7;
  void* arguments[] = {&x, &n};
  const auto check = [&](unsigned grid_y) {
    CHECK(argument<double>(seen, 0) == x);
    CHECK(argument<int>(seen, 8) == n);
    CHECK(seen.grid.y == grid_y);
    CHECK(seen.block.z == 4);
    CHECK(seen.dynamic_shared == 16);
  };
  CHECK(cudaLaunchKernel(&taking, {2, 3}, {8, 1, 4}, arguments, 16, nullptr) == cudaSuccess);
  check(3);
  n = 8;
  __cudaPushCallConfiguration({2, 5}, {8, 1, 4}, 16, nullptr);
  dim3 grid, block;
  size_t shared = 0;
  cudaStream_t stream = cudaStreamLegacy;
  CHECK(__cudaPopCallConfiguration(&grid, &block, &shared, &stream) == cudaSuccess);
  cudaKernel_t kernel = nullptr;
  CHECK(__cudaGetKernel(&kernel, &taking) == cudaSuccess);
  CHECK(__cudaLaunchKernel(kernel, grid, block, arguments, shared, stream) == cudaSuccess);
  check(5);
  CHECK(__cudaPopCallConfiguration(&grid, &block, &shared, &stream) == cudaErrorMissingConfiguration);
  n = 9;
  cudaLaunchConfig_t config{};
  config.gridDim = {2, 6};
  config.blockDim = {8, 1, 4};
  config.dynamicSmemBytes = 16;
  CHECK(cudaLaunchKernelExC(&config, &taking, arguments) == cudaSuccess);
  check(6);
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim.x = 2;
  cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
  config.attrs = &cluster;
  config.numAttrs = 1;
  CHECK(cudaLaunchKernelExC(&config, &taking, arguments) == cudaErrorNotSupported);
  cudaGetLastError();
}

TEST_CASE("gpusim launch: a kernel's fault comes out of the call that runs it") {
  add_host_kernel(&faulty, {}, 0, [](const Launch&) { throw Fault({}, "race"); });
  CHECK_THROWS_AS(cudaLaunchKernel(&faulty, 1, 1, nullptr, 0, nullptr), Fault);
  options().deferred = true;
  CHECK(cudaLaunchKernel(&faulty, 1, 1, nullptr, 0, nullptr) == cudaSuccess);
  CHECK_THROWS_AS(cudaDeviceSynchronize(), Fault);
  CHECK(cudaDeviceSynchronize() == cudaSuccess);
  options().deferred = false;
}

TEST_CASE("gpusim: one device, which says the same of itself by every way") {
  int count = 0, value = 0;
  CHECK(cudaGetDeviceCount(&count) == cudaSuccess);
  CHECK(count == 1);
  CHECK(cudaSetDevice(0) == cudaSuccess);
  CHECK(cudaSetDevice(1) == cudaErrorInvalidDevice);
  cudaDeviceProp p{};
  CHECK(cudaGetDeviceProperties(&p, 0) == cudaSuccess);
  CHECK(std::string(p.name) == "gpusim");
  const auto attribute = [&](cudaDeviceAttr which) {
    CHECK(cudaDeviceGetAttribute(&value, which, 0) == cudaSuccess);
    return value;
  };
  CHECK(attribute(cudaDevAttrComputeCapabilityMajor) == p.major);
  CHECK(attribute(cudaDevAttrMaxThreadsPerBlock) == p.maxThreadsPerBlock);
  CHECK(attribute(cudaDevAttrMaxGridDimY) == p.maxGridSize[1]);
  CHECK(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin) == 227 << 10);
  CHECK(attribute(cudaDevAttrCooperativeLaunch) == 0);
  CHECK(cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(0), 0) == cudaErrorInvalidValue);
  CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 3) == cudaErrorInvalidDevice);
  size_t free = 0, total = 0;
  CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess);
  CHECK(total == p.totalGlobalMem);
  void* data = nullptr;
  CHECK(cudaMalloc(&data, 1 << 20) == cudaSuccess);
  const size_t before = free;
  CHECK(cudaMemGetInfo(&free, &total) == cudaSuccess);
  CHECK(free == before - (1 << 20));
  cudaFree(data);
  CHECK(cudaRuntimeGetVersion(&value) == cudaSuccess);
  CHECK(value == CUDART_VERSION);
  cudaGetLastError();
}

TEST_CASE("gpusim: options come from the environment") {
  const auto with = [](const char* name, const char* value) {
    setenv(name, value, 1);
    struct Unset {
      const char* name;
      ~Unset() { unsetenv(name); }
    } const unset{name};
    return options_from_environment();
  };
  CHECK_FALSE(with("GPUSIM_CHECKS", "0").checks);
  CHECK(with("GPUSIM_ORDER", "shuffled").order == Order::shuffled);
  CHECK(with("GPUSIM_SEED", "18446744073709551615").seed == UINT64_MAX);
  CHECK(with("GPUSIM_WORKERS", "3").workers == 3);
  CHECK(with("GPUSIM_DEFERRED", "1").deferred);
  for (const auto& [name, value] : {std::pair{"GPUSIM_CHECKS", "yes"},
                                    {"GPUSIM_ORDER", "random"},
                                    {"GPUSIM_SEED", "-1"},
                                    {"GPUSIM_WORKERS", "2x"},
                                    {"GPUSIM_DEFERRED", ""}}) {
    CHECK_THROWS_WITH_AS(with(name, value), doctest::Contains(name), std::invalid_argument);
  }
}
