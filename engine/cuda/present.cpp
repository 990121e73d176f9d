// The backend of a build with CUDA.
#include <memory>
#include <mutex>
#include <vector>

#include "engine/core/error.h"
#include "engine/cuda/backend.h"
#include "engine/cuda/families.h"
#include "engine/cuda/runtime.h"

namespace mosaic::cuda {
namespace {

// The devices the driver shows, up to the first that does not run our kernels.
int count_devices(std::string& reason) {
  int count = 0;
  cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count == 0) error = cudaErrorNoDevice;
  for (int index = 0; error == cudaSuccess && index < count; ++index) {
    error = cudaSetDevice(index);
    if (error == cudaSuccess) error = probe();
    if (error != cudaSuccess && index > 0) {
      cudaGetLastError();
      return index;
    }
  }
  if (error == cudaSuccess) return count;
  cudaGetLastError();
  reason = cat("CUDA reports ", cudaGetErrorName(error), " (", cudaGetErrorString(error), ")");
  return 0;
}

class Present final : public Backend {
 public:
  Present() : devices_(count_devices(reason_)) {
    for (int index = 0; index < devices_; ++index) {
      allocators_.push_back(std::make_unique<Allocator>([index](size_t bytes) { return raw(index, bytes); },
                                                        [](void* data) { cudaFree(data); }));
    }
    stagings_.resize(allocators_.size());
  }

  int devices() const override { return devices_; }
  const std::string& reason() const override { return reason_; }

  std::string describe(int index) const override {
    cudaDeviceProp p{};
    check_cuda(cudaGetDeviceProperties(&p, index), "device");
    return cat(p.name, ", compute capability ", p.major, '.', p.minor, ", ", p.totalGlobalMem >> 20, " MB");
  }

  Allocator& allocator(int index) const override { return *allocators_[static_cast<size_t>(index)]; }

  void upload(int index, void* to, const void* from, size_t bytes) const override {
    use_device(index);
    staging(index).upload(to, from, bytes, stream());
  }
  void download(int index, void* to, const void* from, size_t bytes) const override {
    use_device(index);
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream()), "download");
    check_cuda(cudaStreamSynchronize(stream()), "download");
  }
  void synchronize(int index) const override {
    use_device(index);
    check_cuda(cudaStreamSynchronize(stream()), "synchronize");
  }

  const kernels::Families& kernels(int index) const override {
    use_device(index);
    return kernels::cuda_families();
  }

 private:
  // Of the current device, made with its first upload: events belong to the device they were made on.
  Staging& staging(int index) const {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<Staging>& here = stagings_[static_cast<size_t>(index)];
    if (!here) here = std::make_unique<Staging>();
    return *here;
  }
  static void* raw(int index, size_t bytes) {
    use_device(index);
    void* data = nullptr;
    if (cudaMalloc(&data, bytes) == cudaSuccess) return data;
    cudaGetLastError();
    return nullptr;
  }

  std::string reason_;
  int devices_;
  std::vector<std::unique_ptr<Allocator>> allocators_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Staging>> stagings_;
};

}  // namespace

const Backend* backend() {
  static const Present* const present = new Present;  // never destroyed: tensors may be static too
  return present;
}

}  // namespace mosaic::cuda
