// The backend of a build with CUDA.
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/core/error.h"
#include "engine/cuda/backend.h"
#include "engine/cuda/code.h"
#include "engine/cuda/families.h"
#include "engine/cuda/probe.h"
#include "engine/cuda/runtime.h"

namespace mosaic::cuda {
namespace {

bool simulated = false;

std::string reported(cudaError_t error) {
  return cat("CUDA reports ", cudaGetErrorName(error), " (", cudaGetErrorString(error), ")");
}

// Why the current device does not run our kernels after `error` of the probe.
std::string refusal(int index, cudaError_t error) {
  cudaDeviceProp p{};
  if (cudaGetDeviceProperties(&p, index) != cudaSuccess) return reported(error);
  const std::string device = cat(p.name, " has compute capability ", p.major, '.', p.minor);
  if (error == cudaErrorNoKernelImageForDevice)
    return cat(device, ", for which this program has no code: it has ", built_code());
  if (error == cudaErrorUnsupportedPtxVersion || error == cudaErrorJitCompilerNotFound)
    return cat(device, ", for which the driver would have to compile PTX of CUDA ",
               version_of(CUDART_VERSION), " and cannot (", cudaGetErrorName(error),
               "): update it, or build for this GPU with ", "-DMOSAIC_CUDA_ARCHITECTURES=native");
  return cat(p.name, " did not run a kernel that does nothing: ", reported(error));
}

// One device of the driver's: empty when it runs our kernels, else why not.
std::string try_device(int index) {
  cudaError_t error = cudaSetDevice(index);
  if (error == cudaSuccess) error = probe();
  if (error == cudaSuccess) return {};
  const std::string why = refusal(index, error);
  cudaGetLastError();
  return why;
}

// Why there is no device at all, by the error of cudaGetDeviceCount.
std::string no_device(cudaError_t error) {
  int driver = 0;
  cudaDriverGetVersion(&driver);  // 0: none
  cudaGetLastError();
  switch (error) {
    case cudaErrorInsufficientDriver:
      return driver == 0 ? cat("no NVIDIA driver was found (", cudaGetErrorName(error), ')')
                         : cat("the NVIDIA driver is too old: it knows CUDA up to ", version_of(driver),
                               ", this program needs ", version_of(CUDART_VERSION), " (",
                               cudaGetErrorName(error), "); update the driver");
    case cudaErrorStubLibrary:
      return cat("in place of the NVIDIA driver the toolkit's stub of libcuda.so.1 was found (",
                 cudaGetErrorName(error), "); take its folder out of LD_LIBRARY_PATH");
    case cudaErrorNoDevice: {
      const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
      return cat("the NVIDIA driver shows no GPU (", cudaGetErrorName(error), ')',
                 visible ? cat("; CUDA_VISIBLE_DEVICES is \"", visible, '"') : "");
    }
    default:
      return reported(error);
  }
}

class Present final : public Backend {
 public:
  Present() {
    int count = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaSuccess && count == 0) error = cudaErrorNoDevice;
    if (error != cudaSuccess) none_ = no_device(error);
    for (int index = 0; error == cudaSuccess && index < count; ++index) {
      reasons_.push_back(try_device(index));
      allocators_.push_back(std::make_unique<Allocator>([index](size_t bytes) { return raw(index, bytes); },
                                                        [](void* data) { cudaFree(data); }));
    }
    stagings_.resize(allocators_.size());
  }

  bool runs(int index) const override {
    return index < static_cast<int>(reasons_.size()) && reasons_[static_cast<size_t>(index)].empty();
  }

  std::string reason(int index) const override {
    if (reasons_.empty()) return none_;
    const int last = static_cast<int>(reasons_.size()) - 1;
    if (index <= last) return reasons_[static_cast<size_t>(index)] + others(index);
    return last == 0 ? "only cuda:0 is there" : cat("only cuda:0 to cuda:", last, " are there");
  }

  std::string describe(int index) const override {
    cudaDeviceProp p{};
    check_cuda(cudaGetDeviceProperties(&p, index), "device");
    return cat(p.name, ", compute capability ", p.major, '.', p.minor, ", ", p.totalGlobalMem >> 20, " MB");
  }

  GpuFacts facts(int index) const override {
    use_device(index);
    cudaDeviceProp p{};
    check_cuda(cudaGetDeviceProperties(&p, index), "device");
    GpuFacts facts{
        .name = p.name, .major = p.major, .minor = p.minor, .memory = p.totalGlobalMem, .code = {}};
    check_cuda(cudaDriverGetVersion(&facts.driver), "device");
    check_cuda(cudaRuntimeGetVersion(&facts.runtime), "device");
    int machine = 0, ptx = 0;
    check_cuda(probe_code(machine, ptx), "device");
    facts.simulated = simulated;
    facts.code = simulated                     ? cat("PTX for compute_", ptx, ", simulated")
                 : holds_machine_code(machine) ? cat("SASS for sm_", machine)
                                               : cat("PTX for compute_", ptx, ", compiled by the driver");
    return facts;
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
  // Which device could be taken instead of one that does not run our kernels.
  std::string others(int index) const {
    if (reasons_[static_cast<size_t>(index)].empty()) return {};
    for (size_t other = 0; other < reasons_.size(); ++other)
      if (reasons_[other].empty()) return cat("; cuda:", other, " can be used");
    return {};
  }
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

  std::string none_;                  // why there are no devices
  std::vector<std::string> reasons_;  // of each: empty, or why it does not run our kernels
  std::vector<std::unique_ptr<Allocator>> allocators_;
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Staging>> stagings_;
};

}  // namespace

void declare_simulated() {
  simulated = true;
}

const Backend* backend() {
  static const Present* const present = new Present;  // never destroyed: tensors may be static too
  return present;
}

}  // namespace mosaic::cuda
