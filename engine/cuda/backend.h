// The one door between the engine and CUDA: what a build with the backend offers, and nothing in one without.
#pragma once

#include <cstddef>
#include <string>

#include "engine/core/allocator.h"
#include "engine/core/device.h"
#include "engine/core/gpu_facts.h"
#include "engine/kernels/kernels.h"

namespace mosaic::cuda {

// Every copy and kernel of a device runs in one stream, in the order of the calls; only download and
// synchronize wait. Functions that take a device index make that device the calling thread's.
struct Backend {
  // Whether there is such a device and it runs our kernels.
  virtual bool runs(int index) const = 0;
  // Why it does not, as a clause: no driver, an old one, no such device, no code for its architecture. Empty
  // when it does.
  virtual std::string reason(int index) const = 0;
  // "NVIDIA A100, compute capability 8.0, 40 GB"
  virtual std::string describe(int index) const = 0;
  virtual GpuFacts facts(int index) const = 0;

  virtual Allocator& allocator(int index) const = 0;
  // From host memory, which may be changed as soon as the call returns.
  virtual void upload(int index, void* to, const void* from, size_t bytes) const = 0;
  // To host memory, complete on return.
  virtual void download(int index, void* to, const void* from, size_t bytes) const = 0;
  // Waits for everything; BackendError when a kernel failed.
  virtual void synchronize(int index) const = 0;

  virtual const kernels::Families& kernels(int index) const = 0;

 protected:
  ~Backend() = default;
};

// Null in a build without CUDA.
const Backend* backend();

// Whether `device` is a CUDA device of this build and machine.
bool present(Device device);
// Why it is not, as a clause: "this build has no CUDA backend".
std::string reason(Device device);
// The backend of an available CUDA device; DeviceError naming `op` and the reason otherwise.
const Backend& need(Device device, const char* op);

}  // namespace mosaic::cuda
