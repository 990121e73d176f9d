// The one device of the simulated runtime, and what it says of itself.
#include <cstdio>
#include <cstring>

#include "tests/gpusim/driver.h"
#include "tests/gpusim/errors.h"
#include "tests/gpusim/limits.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/streams.h"

using namespace gpusim;

namespace {

cudaDeviceProp properties() {
  cudaDeviceProp p;
  std::memset(&p, 0, sizeof p);
  std::snprintf(p.name, sizeof p.name, "gpusim");
  p.totalGlobalMem = Memory::limit;
  p.sharedMemPerBlock = limits::shared_per_block;
  p.sharedMemPerBlockOptin = limits::shared_opt_in;
  p.sharedMemPerMultiprocessor = limits::shared_per_multiprocessor;
  p.reservedSharedMemPerBlock = limits::shared_reserved;
  p.regsPerBlock = p.regsPerMultiprocessor = limits::registers;
  p.warpSize = limits::warp;
  p.memPitch = 2147483647;
  p.maxThreadsPerBlock = limits::threads_per_block;
  p.maxThreadsPerMultiProcessor = limits::threads_per_multiprocessor;
  p.maxBlocksPerMultiProcessor = limits::blocks_per_multiprocessor;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = limits::block_xy;
  p.maxThreadsDim[2] = limits::block_z;
  p.maxGridSize[0] = limits::grid_x;
  p.maxGridSize[1] = p.maxGridSize[2] = limits::grid_yz;
  p.totalConstMem = limits::constant;
  p.major = driver().architecture / 10;
  p.minor = driver().architecture % 10;
  p.multiProcessorCount = limits::multiprocessors;
  p.textureAlignment = p.texturePitchAlignment = limits::pitch_alignment;
  p.concurrentKernels = p.asyncEngineCount = p.unifiedAddressing = p.memoryPoolsSupported = 1;
  p.hostRegisterSupported = 1;
  p.l2CacheSize = static_cast<int>(limits::l2_cache);
  p.memoryBusWidth = 512;
  return p;
}

// What the device does not have is 0.
int attribute(cudaDeviceAttr which) {
  const cudaDeviceProp p = properties();
  switch (which) {
    case cudaDevAttrMaxThreadsPerBlock:
      return p.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX:
      return p.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimY:
      return p.maxThreadsDim[1];
    case cudaDevAttrMaxBlockDimZ:
      return p.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX:
      return p.maxGridSize[0];
    case cudaDevAttrMaxGridDimY:
      return p.maxGridSize[1];
    case cudaDevAttrMaxGridDimZ:
      return p.maxGridSize[2];
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return static_cast<int>(p.sharedMemPerBlock);
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      return static_cast<int>(p.sharedMemPerBlockOptin);
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return static_cast<int>(p.sharedMemPerMultiprocessor);
    case cudaDevAttrReservedSharedMemoryPerBlock:
      return static_cast<int>(p.reservedSharedMemPerBlock);
    case cudaDevAttrTotalConstantMemory:
      return static_cast<int>(p.totalConstMem);
    case cudaDevAttrWarpSize:
      return p.warpSize;
    case cudaDevAttrMaxPitch:
      return static_cast<int>(p.memPitch);
    case cudaDevAttrMaxRegistersPerBlock:
      return p.regsPerBlock;
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      return p.regsPerMultiprocessor;
    case cudaDevAttrClockRate:
    case cudaDevAttrMemoryClockRate:
      return 1000000;  // kHz
    case cudaDevAttrTextureAlignment:
    case cudaDevAttrTexturePitchAlignment:
      return static_cast<int>(p.textureAlignment);
    case cudaDevAttrMultiProcessorCount:
      return p.multiProcessorCount;
    case cudaDevAttrConcurrentKernels:
      return p.concurrentKernels;
    case cudaDevAttrGpuOverlap:
    case cudaDevAttrAsyncEngineCount:
      return p.asyncEngineCount;
    case cudaDevAttrUnifiedAddressing:
      return p.unifiedAddressing;
    case cudaDevAttrGlobalMemoryBusWidth:
      return p.memoryBusWidth;
    case cudaDevAttrL2CacheSize:
      return p.l2CacheSize;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return p.maxThreadsPerMultiProcessor;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      return p.maxBlocksPerMultiProcessor;
    case cudaDevAttrComputeCapabilityMajor:
      return p.major;
    case cudaDevAttrComputeCapabilityMinor:
      return p.minor;
    case cudaDevAttrMemoryPoolsSupported:
      return p.memoryPoolsSupported;
    case cudaDevAttrHostRegisterSupported:
      return p.hostRegisterSupported;
    default:
      return 0;
  }
}

// What keeps this machine from having a device.
cudaError_t availability() {
  if (driver().version < CUDART_VERSION) return cudaErrorInsufficientDriver;
  return driver().devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
  if (!count) return report(cudaErrorInvalidValue);
  const cudaError_t error = availability();
  *count = error == cudaSuccess ? 1 : 0;
  return report(error);
}
cudaError_t cudaSetDevice(int device) {
  if (const cudaError_t error = availability(); error != cudaSuccess) return report(error);
  return report(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}
cudaError_t cudaGetDevice(int* device) {
  if (!device) return report(cudaErrorInvalidValue);
  *device = 0;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int device) {
  if (!p) return report(cudaErrorInvalidValue);
  if (device != 0) return report(cudaErrorInvalidDevice);
  *p = properties();
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  if (!value || which < cudaDevAttrMaxThreadsPerBlock || which >= cudaDevAttrMax) {
    return report(cudaErrorInvalidValue);
  }
  if (device != 0) return report(cudaErrorInvalidDevice);
  *value = attribute(which);
  return cudaSuccess;
}
cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  if (least) *least = 0;
  if (greatest) *greatest = -5;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  Streams::instance().finish_all();
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  if (!free || !total) return report(cudaErrorInvalidValue);
  *free = Memory::limit - Memory::device().used();
  *total = Memory::limit;
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  if (!version) return report(cudaErrorInvalidValue);
  *version = driver().version;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  if (!version) return report(cudaErrorInvalidValue);
  *version = CUDART_VERSION;
  return cudaSuccess;
}

}  // extern "C"
