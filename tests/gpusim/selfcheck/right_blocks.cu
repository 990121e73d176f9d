// Right kernels whose threads work on memory together: tiles, tickets, bytes, histograms.
#include <cuda_runtime.h>

#include <cstdint>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/right.h"

namespace gpusim::selfcheck {
namespace {

constexpr int height = 70, breadth = 45;

__global__ void transpose(const float* x, float* y) {
  __shared__ float tile[32][33];
  const unsigned column = blockIdx.x * 32 + threadIdx.x, row = blockIdx.y * 32 + threadIdx.y;
  for (unsigned i = 0; i < 32; i += 8) {
    if (column < breadth && row + i < height)
      tile[threadIdx.y + i][threadIdx.x] = x[(row + i) * breadth + column];
  }
  __syncthreads();
  const unsigned to_column = blockIdx.y * 32 + threadIdx.x, to_row = blockIdx.x * 32 + threadIdx.y;
  for (unsigned i = 0; i < 32; i += 8) {
    if (to_column < height && to_row + i < breadth) {
      y[(to_row + i) * height + to_column] = tile[threadIdx.x][threadIdx.y + i];
    }
  }
}

// The next tile is loaded beside the one in use: one barrier a step.
constexpr int m = 40, n = 24, k = 50;
__global__ void product(const float* a, const float* b, float* c) {
  __shared__ float left[2][8][9], right[2][8][9];
  const unsigned tx = threadIdx.x, ty = threadIdx.y, row = blockIdx.y * 8 + ty, column = blockIdx.x * 8 + tx;
  const auto load = [&](unsigned step) {
    const unsigned at = step * 8;
    left[step % 2][ty][tx] = row < m && at + tx < k ? a[row * k + at + tx] : 0;
    right[step % 2][ty][tx] = column < n && at + ty < k ? b[(at + ty) * n + column] : 0;
  };
  constexpr unsigned steps = (k + 7) / 8;
  float sum = 0;
  load(0);
  for (unsigned step = 0; step < steps; ++step) {
    __syncthreads();
    if (step + 1 < steps) load(step + 1);
    for (int i = 0; i < 8; ++i) sum += left[step % 2][ty][i] * right[step % 2][i][tx];
  }
  if (row < m && column < n) c[row * n + column] = sum;
}
std::vector<float> product_expected() {
  const std::vector<float> a = waves(m * k, 4), b = waves(k * n, 5);
  std::vector<float> c(m * n);
  for (int row = 0; row < m; ++row) {
    for (int column = 0; column < n; ++column) {
      double sum = 0;
      for (int i = 0; i < k; ++i) sum += double(a[row * k + i]) * b[i * n + column];
      c[row * n + column] = static_cast<float>(sum);
    }
  }
  return c;
}

// Blocks leave their sums in memory; the one that takes the last ticket adds them up and resets the counter.
constexpr int parts = 11;
__global__ void last_block(const float* x, float* sums, unsigned* tickets, float* y) {
  __shared__ float cells[64];
  __shared__ bool last;
  const unsigned t = threadIdx.x;
  cells[t] = x[blockIdx.x * 64 + t];
  for (unsigned step = 32; step > 0; step /= 2) {
    __syncthreads();
    if (t < step) cells[t] += cells[t + step];
  }
  if (t == 0) {
    sums[blockIdx.x] = cells[0];
    __threadfence();
    last = atomicInc(tickets, gridDim.x - 1) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  float sum = 0;
  if (t == 0) {
    for (unsigned b = 0; b < gridDim.x; ++b) sum += sums[b];
    y[0] = sum;
  }
  if (t < gridDim.x) y[1 + t] = sums[t] * 2;
}

// Bytes and halves written by neighbours, side by side in one word.
__global__ void masks(const float* x, uint8_t* mask, uint16_t* rank) {
  __shared__ bool flags[96];
  const unsigned t = threadIdx.x;
  flags[t] = x[t] > 0;
  __syncthreads();
  mask[t] = flags[95 - t];
  rank[t] = static_cast<uint16_t>(t + flags[(t + 1) % 96]);
}
__global__ void use_masks(const uint8_t* mask, const uint16_t* rank, float* y) {
  y[threadIdx.x] = mask[threadIdx.x] ? rank[95 - threadIdx.x] : -1.0f;
}

__global__ void histogram(const float* x, unsigned* bins, float* y) {
  __shared__ unsigned own[16];
  __shared__ int done;
  const unsigned t = threadIdx.x;
  if (t < 16) own[t] = 0;
  __syncthreads();
  atomicAdd(&own[static_cast<int>((x[blockIdx.x * 128 + t] + 2) * 4)], 1u);
  done = 1;  // by all, the same value
  __syncthreads();
  if (t < 16) atomicAdd(&bins[t], own[t]);
  y[blockIdx.x * 128 + t] = static_cast<float>(done);
}

// Lanes find their places by votes, warps by a scan, and write without gaps.
__global__ void compact(const float* x, float* y) {
  __shared__ int counts[4];
  const int t = static_cast<int>(threadIdx.x), warp = t / 32;
  const bool keep = x[t] > 0.5f;
  const unsigned kept = __ballot_sync(0xffffffff, keep);
  if (t % 32 == 0) counts[warp] = __popc(kept);
  __syncthreads();
  int place = __popc(kept & ((1u << (t % 32)) - 1));
  for (int w = 0; w < warp; ++w) place += counts[w];
  if (keep) y[place] = x[t];
}

std::vector<float> masks_expected() {
  const std::vector<float> x = waves(96, 7);
  std::vector<float> y(96);
  for (int t = 0; t < 96; ++t) {
    const int other = 95 - t;
    y[t] = x[95 - t] > 0 ? static_cast<float>(other + (x[(other + 1) % 96] > 0)) : -1.0f;
  }
  return y;
}
std::vector<float> last_block_expected() {
  const std::vector<float> x = waves(parts * 64, 6);
  std::vector<float> y{0};
  double total = 0;
  for (int b = 0; b < parts; ++b) {
    double sum = 0;
    for (int t = 0; t < 64; ++t) sum += x[b * 64 + t];
    total += sum;
    y.push_back(static_cast<float>(2 * sum));
  }
  y[0] = static_cast<float>(total);
  return y;
}
std::vector<float> transpose_expected() {
  const std::vector<float> x = waves(height * breadth, 3);
  std::vector<float> y(x.size());
  for (int r = 0; r < height; ++r) {
    for (int c = 0; c < breadth; ++c) y[c * height + r] = x[r * breadth + c];
  }
  return y;
}
std::vector<float> histogram_expected() {
  std::vector<float> bins(16, 0);
  for (const float x : waves(5 * 128, 8)) bins[static_cast<size_t>((x + 2) * 4)] += 1;
  return bins;
}
std::vector<float> compact_expected() {
  std::vector<float> y;
  for (const float x : waves(128, 9)) {
    if (x > 0.5f) y.push_back(x);
  }
  y.resize(128, 0.0f);
  return y;
}

}  // namespace

std::vector<Right> right_block_kernels() {
  return {{"transpose",
           [] {
             Buffer<float> x(waves(height * breadth, 3)), y(height * breadth);
             transpose<<<dim3((breadth + 31) / 32, (height + 31) / 32), dim3(32, 8)>>>(x.data(), y.data());
             return y.host();
           },
           transpose_expected, 0},
          {"product",
           [] {
             Buffer<float> a(waves(m * k, 4)), b(waves(k * n, 5)), c(m * n);
             product<<<dim3((n + 7) / 8, (m + 7) / 8), dim3(8, 8)>>>(a.data(), b.data(), c.data());
             return c.host();
           },
           product_expected, 1e-4},
          {"last_block",
           [] {
             Buffer<float> x(waves(parts * 64, 6)), sums(parts), y(parts + 1);
             Buffer<unsigned> tickets(std::vector<unsigned>{0});
             for (int i = 0; i < 2; ++i) {
               last_block<<<parts, 64>>>(x.data(), sums.data(), tickets.data(), y.data());
             }
             return y.host();
           },
           last_block_expected, 1e-4},
          {"masks",
           [] {
             Buffer<float> x(waves(96, 7)), y(96);
             Buffer<uint8_t> mask(96);
             Buffer<uint16_t> rank(96);
             masks<<<1, 96>>>(x.data(), mask.data(), rank.data());
             use_masks<<<1, 96>>>(mask.data(), rank.data(), y.data());
             return y.host();
           },
           masks_expected, 0},
          {"histogram",
           [] {
             Buffer<float> x(waves(5 * 128, 8)), y(5 * 128);
             Buffer<unsigned> bins(std::vector<unsigned>(16, 0));
             histogram<<<5, 128>>>(x.data(), bins.data(), y.data());
             const std::vector<unsigned> counts = bins.host();
             return std::vector<float>(counts.begin(), counts.end());
           },
           histogram_expected, 0},
          {"compact",
           [] {
             Buffer<float> x(waves(128, 9)), y(std::vector<float>(128, 0.0f));
             compact<<<1, 128>>>(x.data(), y.data());
             return y.host();
           },
           compact_expected, 0}};
}

}  // namespace gpusim::selfcheck
