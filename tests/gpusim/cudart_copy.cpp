// Copies. What is asynchronous is so as CUDA documents it ("API synchronization behavior"); where a copy may
// or may not wait, it does not.
#include <cstring>
#include <memory>
#include <vector>

#include "tests/gpusim/errors.h"
#include "tests/gpusim/fault.h"
#include "tests/gpusim/host_memory.h"
#include "tests/gpusim/launch.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/simulator.h"
#include "tests/gpusim/streams.h"

using namespace gpusim;

namespace {

struct Copy {
  std::byte* to;
  const std::byte* from;
  size_t to_pitch, from_pitch, width, height;
  bool to_device = false, from_device = false;
  size_t to_extent() const { return (height - 1) * to_pitch + width; }
  size_t from_extent() const { return (height - 1) * from_pitch + width; }
};

bool in_device(const void* data, size_t bytes) {
  const Allocation* a = Memory::device().find(data);
  return a && a->contains(data, bytes);
}

// The direction, with CUDA's code where the addresses are not what it says.
cudaError_t direct(Copy& c, cudaMemcpyKind kind) {
  if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  if (!c.to || !c.from) return cudaErrorInvalidValue;
  c.to_device = Memory::device().owns(c.to);
  c.from_device = Memory::device().owns(c.from);
  const bool to_says = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
  const bool from_says = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
  const bool right = kind == cudaMemcpyDefault || (to_says == c.to_device && from_says == c.from_device);
  const bool inside = (!c.to_device || in_device(c.to, c.to_extent())) &&
                      (!c.from_device || in_device(c.from, c.from_extent()));
  return right && inside ? cudaSuccess : cudaErrorInvalidValue;
}

// Memory that was never written stays so where it is copied to.
void carry_marks(const std::byte* to, const std::byte* from, size_t bytes) {
  Allocation& target = *Memory::device().find(to);
  const Allocation& source = *Memory::device().find(from);
  std::memmove(target.written.data() + (to - target.data), source.written.data() + (from - source.data),
               bytes);
}

void perform(const Copy& c) {
  if ((c.to_device && !in_device(c.to, c.to_extent())) ||
      (c.from_device && !in_device(c.from, c.from_extent()))) {
    Fault::Place place;
    place.kernel = "cudaMemcpy";
    place.has_block = false;
    throw Fault(place, "the memory was freed before its turn came");
  }
  for (size_t row = 0; row < c.height; ++row) {
    std::byte* const to = c.to + row * c.to_pitch;
    const std::byte* const from = c.from + row * c.from_pitch;
    std::memmove(to, from, c.width);
    if (!c.to_device) continue;
    c.from_device ? carry_marks(to, from, c.width) : Memory::device().mark_written(to, c.width);
  }
}

// From pageable memory: taken now, so that the host may use it again.
void stage(const Copy& c, const std::shared_ptr<Stream>& stream) {
  const auto taken = std::make_shared<std::vector<std::byte>>(c.width * c.height);
  for (size_t row = 0; row < c.height; ++row) {
    std::memcpy(taken->data() + row * c.width, c.from + row * c.from_pitch, c.width);
  }
  Copy staged = c;
  staged.from = taken->data();
  staged.from_pitch = c.width;
  Streams::instance().queue(stream, [staged, taken] { perform(staged); });
}

cudaError_t copy(Copy c, cudaMemcpyKind kind, cudaStream_t handle, bool waits) {
  if (c.width == 0 || c.height == 0) return cudaSuccess;
  if (c.to_pitch < c.width || c.from_pitch < c.width) return report(cudaErrorInvalidPitchValue);
  Streams& streams = Streams::instance();
  const auto stream = streams.find(handle);
  if (!stream) return report(cudaErrorInvalidResourceHandle);
  if (const cudaError_t error = direct(c, kind); error != cudaSuccess) return report(error);
  const bool up = c.to_device && !c.from_device;
  if (up && !page_locked(c.from, c.from_extent())) {
    if (waits) streams.finish(stream);
    stage(c, stream);
    return cudaSuccess;
  }
  const auto queued = streams.queue(stream, [c] { perform(c); });
  const bool on_host = !c.to_device && !c.from_device, on_device = c.to_device && c.from_device;
  if (on_host || (waits && !on_device)) streams.finish(queued);
  return cudaSuccess;
}

cudaError_t copy_line(void* to, const void* from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream,
                      bool waits) {
  return copy({static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes, bytes, bytes, 1},
              kind, stream, waits);
}

cudaError_t copy_rows(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                      size_t height, cudaMemcpyKind kind, cudaStream_t stream, bool waits) {
  return copy(
      {static_cast<std::byte*>(to), static_cast<const std::byte*>(from), to_pitch, from_pitch, width, height},
      kind, stream, waits);
}

// Where bytes [offset, offset + count) of a variable lie.
cudaError_t locate(const void* variable, size_t count, size_t offset, std::byte** place) {
  auto* data = static_cast<std::byte*>(address_of(variable));
  if (!data) return cudaErrorInvalidSymbol;
  const size_t size = size_of_variable(variable);
  if (offset > size || count > size - offset) return cudaErrorInvalidValue;
  *place = data + offset;
  return cudaSuccess;
}

cudaError_t copy_to(const void* variable, const void* from, size_t count, size_t offset, cudaMemcpyKind kind,
                    cudaStream_t stream, bool waits) {
  std::byte* place = nullptr;
  if (const cudaError_t e = locate(variable, count, offset, &place); e != cudaSuccess) return report(e);
  return copy_line(place, from, count, kind, stream, waits);
}

cudaError_t copy_from(void* to, const void* variable, size_t count, size_t offset, cudaMemcpyKind kind,
                      cudaStream_t stream, bool waits) {
  std::byte* place = nullptr;
  if (const cudaError_t e = locate(variable, count, offset, &place); e != cudaSuccess) return report(e);
  return copy_line(to, place, count, kind, stream, waits);
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
  return copy_line(to, from, bytes, kind, nullptr, true);
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  return copy_line(to, from, bytes, kind, stream, false);
}
cudaError_t cudaMemcpy2D(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                         size_t height, cudaMemcpyKind kind) {
  return copy_rows(to, to_pitch, from, from_pitch, width, height, kind, nullptr, true);
}
cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
                              size_t height, cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_rows(to, to_pitch, from, from_pitch, width, height, kind, stream, false);
}
cudaError_t cudaMemcpyToSymbol(const void* variable, const void* from, size_t count, size_t offset,
                               cudaMemcpyKind kind) {
  return copy_to(variable, from, count, offset, kind, nullptr, true);
}
cudaError_t cudaMemcpyToSymbolAsync(const void* variable, const void* from, size_t count, size_t offset,
                                    cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_to(variable, from, count, offset, kind, stream, false);
}
cudaError_t cudaMemcpyFromSymbol(void* to, const void* variable, size_t count, size_t offset,
                                 cudaMemcpyKind kind) {
  return copy_from(to, variable, count, offset, kind, nullptr, true);
}
cudaError_t cudaMemcpyFromSymbolAsync(void* to, const void* variable, size_t count, size_t offset,
                                      cudaMemcpyKind kind, cudaStream_t stream) {
  return copy_from(to, variable, count, offset, kind, stream, false);
}
cudaError_t cudaGetSymbolAddress(void** address, const void* variable) {
  if (!address) return report(cudaErrorInvalidValue);
  *address = address_of(variable);
  return report(*address ? cudaSuccess : cudaErrorInvalidSymbol);
}
cudaError_t cudaGetSymbolSize(size_t* bytes, const void* variable) {
  if (!bytes) return report(cudaErrorInvalidValue);
  if (!address_of(variable)) return report(cudaErrorInvalidSymbol);
  *bytes = size_of_variable(variable);
  return cudaSuccess;
}

}  // extern "C"
