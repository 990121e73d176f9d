#include "engine/cuda/runtime.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace mosaic::cuda {
namespace {

thread_local const std::type_info* last_kernel = nullptr;

// "SoftmaxRow<float>" of a mangled functor type.
std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string name = status == 0 ? text.get() : type.name();
  const std::string scope = "mosaic::kernels::gpu::";
  for (size_t at; (at = name.find(scope)) != std::string::npos;) name.erase(at, scope.size());
  return name;
}

}  // namespace

void check_cuda(cudaError_t error, const char* op) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // an error that can be cleared is reported once
  throw BackendError(op,
                     cat(cudaGetErrorName(error), ": ", cudaGetErrorString(error),
                         last_kernel ? cat("; the last kernel launched was ", name_of(*last_kernel)) : ""));
}

void launched(const std::type_info& kernel) {
  last_kernel = &kernel;
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) check_cuda(error, "launch");
}

void use_device(int index) {
  thread_local int current = -1;
  if (current == index) return;
  check_cuda(cudaSetDevice(index), "device");
  current = index;
}

int current_device() {
  int index = 0;
  check_cuda(cudaGetDevice(&index), "device");
  return index;
}

cudaStream_t stream() {
  static std::mutex mutex;
  static std::vector<cudaStream_t> streams;
  thread_local std::vector<cudaStream_t> known;  // no lock on the way to a launch
  const auto at = static_cast<size_t>(current_device());
  if (at < known.size() && known[at]) return known[at];
  const std::lock_guard lock(mutex);
  if (streams.size() <= at) streams.resize(at + 1);
  if (!streams[at]) check_cuda(cudaStreamCreateWithFlags(&streams[at], cudaStreamNonBlocking), "stream");
  known = streams;
  return streams[at];
}

int64_t shared_memory_of_block() {
  constexpr int most = 96 << 10, others = 8 << 10;  // others: what kernels have beside it
  thread_local std::vector<int> known;
  const auto at = static_cast<size_t>(current_device());
  if (known.size() <= at) known.resize(at + 1);
  if (known[at] == 0) {
    int bytes = 0;
    check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, static_cast<int>(at)),
               "device");
    known[at] = std::min(bytes - others, most);
  }
  return known[at];
}

void allow_shared_memory(const void* kernel, size_t bytes) {
  constexpr size_t always = 40 << 10;  // 48 kB less what kernels have beside it
  if (bytes <= always) return;
  check_cuda(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(bytes)),
      "shared memory");
}

Scratch::Scratch(size_t bytes)
    : allocator_(allocator({DeviceKind::cuda, current_device()})), block_(allocator_.allocate(bytes)) {}
Scratch::~Scratch() {
  allocator_.release(block_);
}

Event::Event() {
  check_cuda(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "event");
}
Event::~Event() {
  cudaEventDestroy(event_);
}
void Event::record(cudaStream_t stream) {
  check_cuda(cudaEventRecord(event_, stream), "event");
}
void Event::wait() const {
  check_cuda(cudaEventSynchronize(event_), "event");
}

Staging::Staging() {
  for (Piece& p : pieces_) check_cuda(cudaMallocHost(&p.memory, piece), "pinned memory");
}
Staging::~Staging() {
  for (Piece& p : pieces_) cudaFreeHost(p.memory);
}

void Staging::upload(void* to, const void* from, size_t bytes, cudaStream_t stream) {
  const std::lock_guard lock(mutex_);
  for (size_t done = 0; done < bytes;) {
    Piece& p = pieces_[next_];
    next_ = 1 - next_;
    p.done.wait();  // the copy that read this piece before
    const size_t n = std::min(piece, bytes - done);
    std::memcpy(p.memory, static_cast<const char*>(from) + done, n);
    check_cuda(cudaMemcpyAsync(static_cast<char*>(to) + done, p.memory, n, cudaMemcpyHostToDevice, stream),
               "upload");
    p.done.record(stream);
    done += n;
  }
}

}  // namespace mosaic::cuda
