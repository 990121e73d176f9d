// Allocation and filling of the simulated device's memory.
#include <cstring>

#include "tests/gpusim/errors.h"
#include "tests/gpusim/fault.h"
#include "tests/gpusim/host_memory.h"
#include "tests/gpusim/limits.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/streams.h"

using namespace gpusim;

namespace {

cudaError_t allocate(void** address, size_t bytes) {
  if (!address) return report(cudaErrorInvalidValue);
  *address = nullptr;
  if (bytes == 0) return cudaSuccess;
  *address = Memory::device().allocate(bytes);
  return report(*address ? cudaSuccess : cudaErrorMemoryAllocation);
}

bool starts_allocation(const void* address) {
  const Allocation* a = Memory::device().find(address);
  return a && a->data == address;
}

struct Fill {
  std::byte* data;
  size_t pitch, width, height;
  int value;
};

void perform(const Fill& f) {
  for (size_t row = 0; row < f.height; ++row) {
    std::byte* const at = f.data + row * f.pitch;
    const Allocation* a = Memory::device().find(at);
    if (!a || !a->contains(at, f.width)) {
      Fault::Place place;
      place.kernel = "cudaMemset";
      place.has_block = false;
      throw Fault(place, "the memory was freed before its turn came");
    }
    std::memset(at, f.value, f.width);
    Memory::device().mark_written(at, f.width);
  }
}

cudaError_t fill(void* data, size_t pitch, int value, size_t width, size_t height, cudaStream_t handle) {
  if (width == 0 || height == 0) return cudaSuccess;
  if (pitch < width) return report(cudaErrorInvalidPitchValue);
  const auto stream = Streams::instance().find(handle);
  if (!stream) return report(cudaErrorInvalidResourceHandle);
  const Allocation* a = Memory::device().find(data);
  if (!a || !a->contains(data, (height - 1) * pitch + width)) return report(cudaErrorInvalidValue);
  const Fill f{static_cast<std::byte*>(data), pitch, width, height, value};
  Streams::instance().queue(stream, [f] { perform(f); });
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaMalloc(void** address, size_t bytes) {
  return allocate(address, bytes);
}
cudaError_t cudaMallocPitch(void** address, size_t* pitch, size_t width, size_t height) {
  if (!pitch) return report(cudaErrorInvalidValue);
  constexpr size_t step = limits::pitch_alignment;
  *pitch = (width + step - 1) / step * step;
  if (height > 0 && *pitch > Memory::limit / height) return report(cudaErrorMemoryAllocation);
  return allocate(address, *pitch * height);
}
cudaError_t cudaFree(void* address) {
  if (!address) return cudaSuccess;
  Streams::instance().finish_all();
  return report(Memory::device().release(address) ? cudaSuccess : cudaErrorInvalidValue);
}
cudaError_t cudaMallocAsync(void** address, size_t bytes, cudaStream_t stream) {
  if (!Streams::instance().find(stream)) return report(cudaErrorInvalidResourceHandle);
  return allocate(address, bytes);
}
cudaError_t cudaFreeAsync(void* address, cudaStream_t handle) {
  if (!address) return cudaSuccess;
  const auto stream = Streams::instance().find(handle);
  if (!stream) return report(cudaErrorInvalidResourceHandle);
  if (!starts_allocation(address)) return report(cudaErrorInvalidValue);
  Streams::instance().queue(stream, [address] { Memory::device().release(address); });
  return cudaSuccess;
}

// With respect to the host, fills are asynchronous under either name.
cudaError_t cudaMemset(void* data, int value, size_t bytes) {
  return fill(data, bytes, value, bytes, 1, nullptr);
}
cudaError_t cudaMemsetAsync(void* data, int value, size_t bytes, cudaStream_t stream) {
  return fill(data, bytes, value, bytes, 1, stream);
}
cudaError_t cudaMemset2D(void* data, size_t pitch, int value, size_t width, size_t height) {
  return fill(data, pitch, value, width, height, nullptr);
}
cudaError_t cudaMemset2DAsync(void* data, size_t pitch, int value, size_t width, size_t height,
                              cudaStream_t stream) {
  return fill(data, pitch, value, width, height, stream);
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  if (!attributes) return report(cudaErrorInvalidValue);
  std::memset(attributes, 0, sizeof *attributes);
  attributes->type = cudaMemoryTypeUnregistered;
  attributes->device = cudaInvalidDeviceId;
  if (Memory::device().find(address)) {
    attributes->type = cudaMemoryTypeDevice;
    attributes->device = 0;
    attributes->devicePointer = const_cast<void*>(address);
  } else if (page_locked(address, 1)) {
    attributes->type = cudaMemoryTypeHost;
    attributes->device = 0;
    attributes->hostPointer = const_cast<void*>(address);
  }
  return cudaSuccess;
}

}  // extern "C"
