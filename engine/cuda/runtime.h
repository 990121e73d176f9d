// The CUDA runtime behind exceptions: devices, streams, events, and copies through pinned memory.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <mutex>
#include <typeinfo>

#include "engine/core/allocator.h"

namespace mosaic::cuda {

// BackendError "[op] cudaErrorName: description" unless the call succeeded. Kernels run later than the calls
// that start them, so the message names the kernel launched last by this thread.
void check_cuda(cudaError_t error, const char* op);

// The stream of the calling thread's current device.
cudaStream_t stream();
void use_device(int index);
int current_device();

// To be called after every launch: throws when the launch was refused. `kernel` names the kernel's functor.
void launched(const std::type_info& kernel);

// Bytes of shared memory that a block of the current device may have for rows it reads again.
int64_t shared_memory_of_block();
// To be called before a launch with so many bytes: more than every kernel may have must be asked for.
void allow_shared_memory(const void* kernel, size_t bytes);

// Working memory of the current device while kernels that use it are launched: it may be given back before
// they run, as later work of the stream comes after them.
class Scratch {
 public:
  explicit Scratch(size_t bytes);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  void* data() const { return block_.data; }

 private:
  Allocator& allocator_;
  Allocator::Block block_;
};

class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream);
  void wait() const;  // of the host, for what was recorded last; at once when nothing was

 private:
  cudaEvent_t event_ = nullptr;
};

// Host memory that copies to a device run from while the host goes on: two pinned pieces used in turn.
class Staging {
 public:
  Staging();
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  void upload(void* to, const void* from, size_t bytes, cudaStream_t stream);

 private:
  static constexpr size_t piece = size_t{1} << 20;
  struct Piece {
    void* memory = nullptr;
    Event done;
  };
  std::mutex mutex_;
  Piece pieces_[2];
  int next_ = 0;
};

// Runs a kernel that does nothing on the current device: the way to learn whether the program holds code for
// it.
cudaError_t probe();

}  // namespace mosaic::cuda
