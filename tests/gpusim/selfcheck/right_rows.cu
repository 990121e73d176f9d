// Right kernels over the rows of a matrix: softmax and layer norm, by warps and by blocks.
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>

#include "tests/gpusim/selfcheck/buffer.h"
#include "tests/gpusim/selfcheck/right.h"

namespace gpusim::selfcheck {
namespace {

constexpr int rows = 13, columns = 77, block = 128;

struct Sum {
  __device__ static float empty() { return 0; }
  __device__ static float of(float a, float b) { return a + b; }
};
struct Max {
  __device__ static float empty() { return -INFINITY; }
  __device__ static float of(float a, float b) { return fmaxf(a, b); }
};
template <class Op>
__device__ float over_warp(float x) {
  for (int step = 16; step > 0; step /= 2) x = Op::of(x, __shfl_xor_sync(0xffffffff, x, step));
  return x;
}
// The memory is used again by the next call.
template <class Op>
__device__ float over_block(float x) {
  __shared__ float parts[32];
  const int lane = static_cast<int>(threadIdx.x % 32), warps = static_cast<int>(blockDim.x / 32);
  x = over_warp<Op>(x);
  __syncthreads();
  if (lane == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  return over_warp<Op>(lane < warps ? parts[lane] : Op::empty());
}

// A warp a row; the last warps have none.
__global__ void softmax_by_warp(const float* x, float* y) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= rows) return;
  const float* from = x + row * columns;
  float highest = -INFINITY, sum = 0;
  for (unsigned c = threadIdx.x; c < columns; c += 32) highest = fmaxf(highest, from[c]);
  highest = over_warp<Max>(highest);
  for (unsigned c = threadIdx.x; c < columns; c += 32) sum += __expf(from[c] - highest);
  sum = over_warp<Sum>(sum);
  for (unsigned c = threadIdx.x; c < columns; c += 32) y[row * columns + c] = __expf(from[c] - highest) / sum;
}
// A block a row, which is kept in dynamic shared memory.
__global__ void softmax_by_block(const float* x, float* y) {
  extern __shared__ float row[];
  const unsigned base = blockIdx.x * columns;
  float highest = -INFINITY, sum = 0;
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
    row[c] = x[base + c];
    highest = fmaxf(highest, row[c]);
  }
  highest = over_block<Max>(highest);
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
    row[c] = __expf(row[c] - highest);
    sum += row[c];
  }
  sum = over_block<Sum>(sum);
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) y[base + c] = row[c] / sum;
}
std::vector<float> softmax_expected() {
  std::vector<float> x = waves(rows * columns, 1);
  for (int r = 0; r < rows; ++r) {
    float* row = &x[r * columns];
    const float highest = *std::max_element(row, row + columns);
    double sum = 0;
    for (int c = 0; c < columns; ++c) sum += std::exp(double(row[c]) - highest);
    for (int c = 0; c < columns; ++c) row[c] = static_cast<float>(std::exp(double(row[c]) - highest) / sum);
  }
  return x;
}

__global__ void layernorm(const float* x, const float* gain, float* y, float* statistics) {
  const float* from = x + blockIdx.x * columns;
  float sum = 0;
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) sum += from[c];
  const float mean = over_block<Sum>(sum) / columns;
  sum = 0;
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) sum += (from[c] - mean) * (from[c] - mean);
  const float scale = rsqrtf(over_block<Sum>(sum) / columns + 1e-5f);
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
    y[blockIdx.x * columns + c] = (from[c] - mean) * scale * gain[c];
  }
  if (threadIdx.x == 0) {
    statistics[2 * blockIdx.x] = mean;
    statistics[2 * blockIdx.x + 1] = scale;
  }
}
__global__ void layernorm_back(const float* dy, const float* x, const float* gain, const float* statistics,
                               float* dx) {
  const unsigned base = blockIdx.x * columns;
  const float mean = statistics[2 * blockIdx.x], scale = statistics[2 * blockIdx.x + 1];
  float sum = 0, along = 0;
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
    const float d = dy[base + c] * gain[c];
    sum += d;
    along += d * (x[base + c] - mean) * scale;
  }
  sum = over_block<Sum>(sum) / columns;
  along = over_block<Sum>(along) / columns;
  for (unsigned c = threadIdx.x; c < columns; c += blockDim.x) {
    dx[base + c] = scale * (dy[base + c] * gain[c] - sum - (x[base + c] - mean) * scale * along);
  }
}
// 32 columns a block, summed over the rows by eight warps whose sums meet in shared memory.
__global__ void layernorm_back_gain(const float* dy, const float* x, const float* statistics, float* dgain) {
  __shared__ float parts[8][33];
  const unsigned c = blockIdx.x * 32 + threadIdx.x;
  float sum = 0;
  for (unsigned r = threadIdx.y; c < columns && r < rows; r += 8) {
    sum += dy[r * columns + c] * (x[r * columns + c] - statistics[2 * r]) * statistics[2 * r + 1];
  }
  parts[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || c >= columns) return;
  for (int w = 1; w < 8; ++w) sum += parts[w][threadIdx.x];
  dgain[c] = sum;
}

std::vector<float> norm_run(int output) {
  Buffer<float> x(waves(rows * columns, 1)), gain(waves(columns, 2)), dy(waves(rows * columns, 3));
  Buffer<float> y(rows * columns), statistics(2 * rows), dx(rows * columns), dgain(columns);
  layernorm<<<rows, block>>>(x.data(), gain.data(), y.data(), statistics.data());
  layernorm_back<<<rows, block>>>(dy.data(), x.data(), gain.data(), statistics.data(), dx.data());
  layernorm_back_gain<<<(columns + 31) / 32, dim3(32, 8)>>>(dy.data(), x.data(), statistics.data(),
                                                            dgain.data());
  return (output == 0 ? y : output == 1 ? dx : dgain).host();
}
std::vector<float> norm_expected(int output) {
  const std::vector<float> x = waves(rows * columns, 1), gain = waves(columns, 2),
                           dy = waves(rows * columns, 3);
  std::vector<float> y(rows * columns), dx(rows * columns), dgain(columns);
  std::vector<double> gain_sums(columns);
  for (int base = 0; base < rows * columns; base += columns) {
    double mean = 0, square = 0, sum = 0, along = 0;
    for (int c = 0; c < columns; ++c) mean += x[base + c] / double(columns);
    for (int c = 0; c < columns; ++c) square += (x[base + c] - mean) * (x[base + c] - mean) / columns;
    const double scale = 1 / std::sqrt(square + 1e-5);
    for (int c = 0; c < columns; ++c) {
      const double h = (x[base + c] - mean) * scale, d = double(dy[base + c]) * gain[c];
      y[base + c] = static_cast<float>(h * gain[c]);
      gain_sums[c] += dy[base + c] * h;
      sum += d / columns;
      along += d * h / columns;
    }
    for (int c = 0; c < columns; ++c) {
      const double h = (x[base + c] - mean) * scale;
      dx[base + c] = static_cast<float>(scale * (double(dy[base + c]) * gain[c] - sum - h * along));
    }
  }
  for (int c = 0; c < columns; ++c) dgain[c] = static_cast<float>(gain_sums[c]);
  return output == 0 ? y : output == 1 ? dx : dgain;
}

}  // namespace

std::vector<Right> right_row_kernels() {
  return {{"softmax_by_warp",
           [] {
             Buffer<float> x(waves(rows * columns, 1)), y(rows * columns);
             softmax_by_warp<<<(rows + 3) / 4, dim3(32, 4)>>>(x.data(), y.data());
             return y.host();
           },
           softmax_expected, 1e-5},
          {"softmax_by_block",
           [] {
             Buffer<float> x(waves(rows * columns, 1)), y(rows * columns);
             softmax_by_block<<<rows, block, columns * sizeof(float)>>>(x.data(), y.data());
             return y.host();
           },
           softmax_expected, 1e-5},
          {"layernorm", [] { return norm_run(0); }, [] { return norm_expected(0); }, 1e-4},
          {"layernorm_back", [] { return norm_run(1); }, [] { return norm_expected(1); }, 1e-4},
          {"layernorm_back_gain", [] { return norm_run(2); }, [] { return norm_expected(2); }, 1e-4}};
}

}  // namespace gpusim::selfcheck
