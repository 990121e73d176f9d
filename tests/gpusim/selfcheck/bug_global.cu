// Planted mistakes: global memory, and what the host gets wrong.
#include <cuda_runtime.h>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/bug.h"
#include "tests/gpusim/simulator.h"

namespace gpusim::selfcheck {
namespace {

template <bool repaired>
__global__ void beyond_global(const float* x, float* y, int n) {
  const int i = static_cast<int>(threadIdx.x);
  if (repaired ? i < n : i <= n) {
    y[i] = x[i] * 2;  // BUG beyond_global
  }
}

template <bool repaired>
__global__ void before_global(const float* x, float* y) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = x[i] - x[repaired && i == 0 ? 0 : i - 1];  // BUG before_global
}

template <bool repaired>
__global__ void plain_accumulation(float* y) {
  if (repaired) {
    atomicAdd(y, 1.0f);
  } else {
    y[0] += 1;  // BUG plain_accumulation
  }
}

template <bool repaired>
__global__ void across_blocks(const float* x, float* y) {
  const unsigned b = blockIdx.x;
  if (threadIdx.x != 0) return;
  y[b] = x[b];                                             // BUG across_blocks
  y[32 + b] = repaired ? x[(b + 1) % 8] : y[(b + 1) % 8];  // BUG across_blocks
}

template <bool repaired>
__global__ void unwritten_global(const float* x, float* y) {
  y[threadIdx.x] = x[threadIdx.x];  // BUG unwritten_global
}

template <bool repaired>
__global__ void misaligned(const float* x, float* y) {
  const int t = static_cast<int>(threadIdx.x);
  const float4 four = *reinterpret_cast<const float4*>(x + (repaired ? 0 : 1) + 4 * t);  // BUG misaligned
  y[t] = four.x + four.y + four.z + four.w;
}

// Rows times columns does not fit 32 bits; x begins with element `first` of the whole.
template <bool repaired>
__global__ void index_overflow(const float* x, float* y, unsigned rows, unsigned columns, long long first) {
  const long long i =
      repaired ? static_cast<long long>(rows) * columns + threadIdx.x : rows * columns + threadIdx.x;
  y[threadIdx.x] = x[i - first];  // BUG index_overflow
}

template <bool repaired>
__global__ void use_after_free(float* y) {
  y[threadIdx.x] = 1;  // BUG use_after_free
}

template <bool repaired>
__global__ void host_pointer(float* y) {
  y[threadIdx.x] = 1;  // BUG host_pointer
}

template <bool repaired>
__global__ void too_many_threads(float* y) {
  y[threadIdx.x] = 1;
}

template <bool repaired>
__global__ void too_much_shared(float* y) {
  extern __shared__ float flexible[];
  flexible[threadIdx.x] = 1;
  __syncthreads();
  y[threadIdx.x] = flexible[threadIdx.x];
}

template <bool repaired>
__global__ void missing_synchronisation(float* y) {
  y[threadIdx.x] = 1;
}

#define RUN(kernel, blocks, threads, shared, ...)            \
  if (repaired) {                                            \
    kernel<true><<<blocks, threads, shared>>>(__VA_ARGS__);  \
  } else {                                                   \
    kernel<false><<<blocks, threads, shared>>>(__VA_ARGS__); \
  }                                                          \
  y.host()

std::vector<float> numbers(size_t n) {
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<float>(i % 7);
  return values;
}

// Streams that run as late as they may, for as long as it lives.
class Deferred {
 public:
  Deferred() : before_(options().deferred) { options().deferred = true; }
  ~Deferred() { options().deferred = before_; }
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;

 private:
  bool before_;
};

void read_too_early(bool repaired) {
  const Deferred deferred;
  Buffer<float> y(numbers(32));
  void* memory = nullptr;
  succeeded(cudaMallocHost(&memory, 32 * sizeof(float)));
  auto* host = static_cast<float*>(memory);
  host[7] = -1;
  cudaStream_t stream = nullptr;
  succeeded(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  missing_synchronisation<false><<<1, 32, 0, stream>>>(y.data());
  succeeded(cudaMemcpyAsync(host, y.data(), 32 * sizeof(float), cudaMemcpyDeviceToHost, stream));
  if (repaired) succeeded(cudaStreamSynchronize(stream));
  const float seen = host[7];
  succeeded(cudaStreamSynchronize(stream));
  succeeded(cudaStreamDestroy(stream));
  succeeded(cudaFreeHost(memory));
  if (seen != 1) throw std::runtime_error(joined({"stale: the host sees ", std::to_string(seen)}));
}

const bool planted = plant(
    __FILE__, {{"beyond_global", "global|bounds|allocation",
                [](bool repaired) {
                  Buffer<float> x(numbers(100)), y(numbers(100));
                  RUN(beyond_global, 1, 128, 0, x.data(), y.data(), 100);
                },
                100, 100, 0},
               {"before_global", "global|bounds|allocation",
                [](bool repaired) {
                  Buffer<float> x(numbers(64)), y(numbers(64));
                  RUN(before_global, 1, 64, 0, x.data(), y.data());
                },
                0, 0, 0},
               {"plain_accumulation", "race.*global",
                [](bool repaired) {
                  Buffer<float> y(numbers(1));
                  RUN(plain_accumulation, 8, 64, 0, y.data());
                }},
               {"across_blocks", "race.*global",
                [](bool repaired) {
                  Buffer<float> x(numbers(8)), y(numbers(64));
                  RUN(across_blocks, 8, 32, 0, x.data(), y.data());
                },
                0, 0},
               {"unwritten_global",
                "global.*(never written|unwritten|uninitiali)|(never written|unwritten|uninitiali).*global",
                [](bool repaired) {
                  Buffer<float> x(64), y(numbers(64));
                  if (repaired) succeeded(cudaMemset(x.data(), 0, 64 * sizeof(float)));
                  RUN(unwritten_global, 1, 64, 0, x.data(), y.data());
                },
                0, 63, 0},
               {"misaligned", "align",
                [](bool repaired) {
                  Buffer<float> x(numbers(160)), y(numbers(32));
                  RUN(misaligned, 1, 32, 0, x.data(), y.data());
                },
                0, 0, 0},
               {"index_overflow", "global|bounds|allocation",
                [](bool repaired) {
                  Buffer<float> x(numbers(32)), y(numbers(32));
                  RUN(index_overflow, 1, 32, 0, x.data(), y.data(), 70'000u, 70'000u, 4'900'000'000);
                },
                0, 31, 0},
               {"use_after_free", "freed|allocation|bounds",
                [](bool repaired) {
                  Buffer<float> y(numbers(32));
                  float* gone = nullptr;
                  {
                    Buffer<float> z(numbers(32));
                    gone = z.data();
                  }
                  RUN(use_after_free, 1, 32, 0, repaired ? y.data() : gone);
                },
                0, 31, 0},
               {"host_pointer", "host|allocation|bounds",
                [](bool repaired) {
                  Buffer<float> y(numbers(32));
                  std::vector<float> host(32);
                  RUN(host_pointer, 1, 32, 0, repaired ? y.data() : host.data());
                },
                0, 31, 0},
               {"too_many_threads", "invalidconfiguration",
                [](bool repaired) {
                  Buffer<float> y(2048);
                  RUN(too_many_threads, 1, repaired ? 1024 : 2048, 0, y.data());
                }},
               {"too_much_shared", "invalidvalue",
                [](bool repaired) {
                  Buffer<float> y(numbers(32));
                  RUN(too_much_shared, 1, 32, repaired ? 48 << 10 : (48 << 10) + 4, y.data());
                }},
               {"missing_synchronisation", "stale", read_too_early}});

}  // namespace
}  // namespace gpusim::selfcheck
