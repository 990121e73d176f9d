// Attention without a matrix of queries x keys: a warp owns a query (or, for the gradients of keys and
// values, a key), walks over the other side in tiles of 32, one a lane, and keeps its row of the result in
// registers, column 32 t + lane in part t. Forward keeps the maximum and the sum of exponentials of a row as
// one number, lse, from which the backward computes every probability again.
//   p = exp(scale q k - lse),  out = sum_j drop(p) v_j
//   dP = drop(dout v),  delta = dout out,  ds = p (dP - delta),  dq = scale sum_j ds k_j,
//   dk = scale sum_i ds q_i,  dv = sum_i drop(p) dout_i
// Source of the recurrence: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018); of
// its use in attention: Dao et al., "FlashAttention" (2022).
#include "engine/kernels/attention_on.h"

#include "engine/core/dtype.h"
#include "engine/cuda/families.h"
#include "engine/cuda/launch.cuh"
#include "engine/kernels/math.h"

namespace mosaic::kernels::gpu {
namespace {

constexpr int tile = warp_lanes;                       // rows of the other side a step looks at
constexpr int warps = threads_per_block / warp_lanes;  // rows of this side a block works on
constexpr int blocks_per_unit =
    2;  // on a multiprocessor at least; without a number ptxas spills to reach four

__device__ __forceinline__ int this_warp() {
  return static_cast<int>(threadIdx.x) / warp_lanes;
}
__device__ __forceinline__ int this_lane() {
  return static_cast<int>(threadIdx.x) % warp_lanes;
}

// Queries, keys, values or gradients of one (batch, head).
template <class T>
struct Side {
  T* data;
  int64_t stride;
  int32_t count;
  __device__ __forceinline__ T* row(int32_t index) const { return data + index * stride; }
};

// One (batch, head): where its rows are.
template <class T>
struct Head {
  const AttentionShape& s;
  int64_t item;
  const AttentionPlace& place;
  // Called by whole blocks: where the rows are lies in shared memory, which registers have no room for.
  __device__ __forceinline__ Head(const AttentionShape& shape, int64_t index, AttentionPlace& shared)
      : s(shape), item(index), place(shared) {
    __syncthreads();
    if (threadIdx.x == 0) shared = AttentionPlace(s, item);
    __syncthreads();
  }
  __device__ __forceinline__ Side<T> queries(const AttentionRows& rows) const {
    return {place.at<T>(rows, place.first_query, s.width), rows.row, place.queries};
  }
  __device__ __forceinline__ Side<T> keys(const AttentionRows& rows) const {
    return {place.at<T>(rows, place.first_key, s.width), rows.row, place.keys};
  }
  __device__ __forceinline__ bool sees(int32_t query, int32_t key) const {
    if (query >= place.queries || key >= place.keys) return false;
    if (s.causal && key > query + place.keys - place.queries) return false;
    return s.mask == nullptr || s.mask[place.b * s.mask_batch + key] != 0;
  }
  // Keys at or behind the result are seen by no query before `last`.
  __device__ __forceinline__ int32_t keys_for(int32_t last) const {
    const int32_t limit = last + place.keys - place.queries;
    return s.causal && limit < place.keys ? (limit > 0 ? limit : 0) : place.keys;
  }
  // The factor dropout gives a probability.
  __device__ __forceinline__ acc_t<T> kept(int32_t query, int32_t key) const {
    using A = acc_t<T>;
    if (s.drop.threshold == 0) return A(1);
    const int64_t element = item * s.queries * s.keys + int64_t{query} * place.keys + key;
    uint32_t words[4];
    philox_block(s.drop.key.key, s.drop.key.counter + static_cast<uint64_t>(element / 4), words);
    const int which = static_cast<int>(element % 4);
    const uint32_t word = which < 2 ? (which == 0 ? words[0] : words[1]) : (which == 2 ? words[2] : words[3]);
    return word < s.drop.threshold ? A(0) : static_cast<A>(s.drop.scale);
  }
};

// A: the type sums are carried in.
template <class A>
struct Shared {
  A other[tile][tile + 1];  // 32 rows of the other side, 32 columns; the odd row length avoids bank conflicts
  A own[warps][tile];       // a row of each warp, the same columns
  AttentionPlace place;
};

// 32 columns from `column` on of rows from `first` on; zeros outside.
template <int Rows, int Stride, class A, class T>
__device__ __forceinline__ void load_tile(A (*to)[Stride], const Side<T>& from, int32_t first, int32_t column,
                                          int32_t width) {
#pragma unroll
  for (int r = 0; r < Rows; r += warps) {
    const int row = r + this_warp(), lane = this_lane();
    const bool inside = first + row < from.count && column + lane < width;
    to[row][lane] = inside ? A(from.row(first + row)[column + lane]) : A(0);
  }
}

// The product of this warp's row, own_first + warp, with the lane's row of the other side, other_first +
// lane. Called by whole blocks.
template <class A, class T>
__device__ __forceinline__ A row_product(Shared<A>& shared, const Side<T>& own, int32_t own_first,
                                         const Side<T>& other, int32_t other_first, int32_t width) {
  A sum = A(0);
  for (int32_t column = 0; column < width; column += tile) {
    __syncthreads();
    load_tile<warps>(shared.own, own, own_first, column, width);
    load_tile<tile>(shared.other, other, other_first, column, width);
    __syncthreads();
#pragma unroll
    for (int c = 0; c < tile; ++c) {
      sum = mul_add(shared.own[this_warp()][c], shared.other[this_lane()][c], sum);
    }
  }
  return sum;
}

// parts[t] += sum over lanes j of factor_j times row first + j of the other side, columns [column + 32 t, +
// 32).
template <int Parts, class A, class T>
__device__ __forceinline__ void add_rows(Shared<A>& shared, A (&parts)[Parts], A factor, const Side<T>& other,
                                         int32_t first, int32_t column, int32_t width) {
#pragma unroll
  for (int t = 0; t < Parts; ++t) {
    __syncthreads();
    load_tile<tile>(shared.other, other, first, column + t * tile, width);
    __syncthreads();
#pragma unroll
    for (int j = 0; j < tile; ++j) {
      parts[t] = mul_add(__shfl_sync(all_lanes, factor, j), shared.other[j][this_lane()], parts[t]);
    }
  }
}

// Writes (or adds) a warp's row.
template <int Parts, class A, class T>
__device__ __forceinline__ void put_row(T* row, const A (&parts)[Parts], A factor, bool add, int32_t column,
                                        int32_t width) {
#pragma unroll
  for (int t = 0; t < Parts; ++t) {
    const int32_t c = column + t * tile + this_lane();
    if (c >= width) break;
    const A value = parts[t] * factor;
    row[c] = T(add ? A(row[c]) + value : value);
  }
}

// Blocks: x = pieces of `warps` rows, y = items, z = groups of 32 Parts columns.
template <class T, int Parts>
__global__ void __launch_bounds__(threads_per_block, blocks_per_unit) forward_kernel(AttentionArgs a) {
  using A = acc_t<T>;
  __shared__ Shared<A> shared;
  const AttentionShape& s = a.shape;
  const auto width = static_cast<int32_t>(s.width);
  const int32_t column = static_cast<int32_t>(blockIdx.z) * Parts * tile;
  const int warp = this_warp(), lane = this_lane();
  for (int64_t item = blockIdx.y; item < s.batch * s.heads; item += gridDim.y) {
    const Head<T> head(s, item, shared.place);
    for (int32_t first = static_cast<int32_t>(blockIdx.x) * warps; first < head.place.queries;
         first += static_cast<int32_t>(gridDim.x) * warps) {
      const int32_t query = first + warp, keys = head.keys_for(first + warps);
      A high = -A(__builtin_inf()), total = A(0), out[Parts] = {};
      for (int32_t j = 0; j < keys; j += tile) {
        const A product = row_product(shared, head.queries(a.q), first, head.keys(a.k), j, width);
        const bool seen = head.sees(query, j + lane);
        const A score = seen ? product * static_cast<A>(s.scale) : -A(__builtin_inf());
        const A before = high, best = warp_max(score);
        high = best > high ? best : high;
        const A shift = high > -A(__builtin_inf()) ? high : A(0);  // -inf - -inf would be NaN
        const A p = seen ? exp_flush(score - shift) : A(0), old = exp_flush(before - shift);
        total = total * old + warp_sum(p);
#pragma unroll
        for (int t = 0; t < Parts; ++t) out[t] *= old;
        add_rows(shared, out, seen ? p * head.kept(query, j + lane) : A(0), head.keys(a.v), j, column, width);
      }
      if (query >= head.place.queries) continue;
      put_row(head.queries(a.out).row(query), out, total != A(0) ? A(1) / total : A(0), false, column, width);
      // A query that sees nothing keeps +infinity: its probabilities are zero again in the backward.
      if (a.kept && lane == 0 && column == 0) {
        static_cast<A*>(a.kept)[item * s.queries + query] =
            total != A(0) ? high + log(total) : A(__builtin_inf());
      }
    }
  }
}

// delta[item, query] = dout out over the head's columns.
template <class T>
struct DeltaRow {
  AttentionShape s;
  AttentionRows out, dout;
  acc_t<T>* delta;
  template <class Team>
  __device__ void operator()(const Team& team, int64_t row) const {
    const int64_t item = row / s.queries, query = row - item * s.queries;
    const AttentionPlace place(s, item);
    if (query >= place.queries) return;
    const T* y = place.at<const T>(out, place.first_query + query, s.width);
    const T* dy = place.at<const T>(dout, place.first_query + query, s.width);
    using A = acc_t<T>;
    const A sum = team.template sum<A>(s.width, [&](int64_t c) { return A(dy[c]) * A(y[c]); });
    team.once([&] { delta[row] = sum; });
  }
};

template <class T, int Parts>
__global__ void __launch_bounds__(threads_per_block, blocks_per_unit)
    query_grad_kernel(AttentionGradArgs a, const acc_t<T>* delta) {
  using A = acc_t<T>;
  __shared__ Shared<A> shared;
  const AttentionShape& s = a.shape;
  const auto width = static_cast<int32_t>(s.width);
  const int32_t column = static_cast<int32_t>(blockIdx.z) * Parts * tile;
  const int warp = this_warp(), lane = this_lane();
  const A scale = static_cast<A>(s.scale);
  for (int64_t item = blockIdx.y; item < s.batch * s.heads; item += gridDim.y) {
    const Head<T> head(s, item, shared.place);
    for (int32_t first = static_cast<int32_t>(blockIdx.x) * warps; first < head.place.queries;
         first += static_cast<int32_t>(gridDim.x) * warps) {
      const int32_t query = first + warp, keys = head.keys_for(first + warps);
      const bool exists = query < head.place.queries;
      const A lse = exists ? static_cast<const A*>(a.kept)[item * s.queries + query] : A(0);
      const A mine = exists ? delta[item * s.queries + query] : A(0);
      A dq[Parts] = {};
      for (int32_t j = 0; j < keys; j += tile) {
        const A product = row_product(shared, head.queries(a.q), first, head.keys(a.k), j, width);
        const A dproduct = row_product(shared, head.queries(a.dout), first, head.keys(a.v), j, width);
        A ds = A(0);
        if (head.sees(query, j + lane)) {
          ds = exp_flush(product * scale - lse) * (dproduct * head.kept(query, j + lane) - mine);
        }
        add_rows(shared, dq, ds, head.keys(a.k), j, column, width);
      }
      if (exists) put_row(head.queries(a.dq).row(query), dq, scale, a.dq_add, column, width);
    }
  }
}

// Conversions of half types take registers that two blocks have no room for.
template <class T, int Parts>
__global__ void __launch_bounds__(threads_per_block, sizeof(T) < 4 ? 1 : blocks_per_unit)
    key_grad_kernel(AttentionGradArgs a, const acc_t<T>* delta) {
  using A = acc_t<T>;
  __shared__ Shared<A> shared;
  const AttentionShape& s = a.shape;
  const auto width = static_cast<int32_t>(s.width);
  const int32_t column = static_cast<int32_t>(blockIdx.z) * Parts * tile;
  const int warp = this_warp(), lane = this_lane();
  const A scale = static_cast<A>(s.scale);
  for (int64_t item = blockIdx.y; item < s.batch * s.heads; item += gridDim.y) {
    const Head<T> head(s, item, shared.place);
    for (int32_t first = static_cast<int32_t>(blockIdx.x) * warps; first < head.place.keys;
         first += static_cast<int32_t>(gridDim.x) * warps) {
      const int32_t key = first + warp;
      // Earlier queries see none of these keys.
      const int32_t hidden = first - (head.place.keys - head.place.queries),
                    start = s.causal && hidden > 0 ? hidden / tile * tile : 0;
      A dk[Parts] = {}, dv[Parts] = {};
      for (int32_t i = start; i < head.place.queries; i += tile) {
        const int32_t query = i + lane;
        const A product = row_product(shared, head.keys(a.k), first, head.queries(a.q), i, width);
        const A dproduct = row_product(shared, head.keys(a.v), first, head.queries(a.dout), i, width);
        A ds = A(0), weight = A(0);
        if (head.sees(query, key)) {
          const int64_t row = item * s.queries + query;
          const A p = exp_flush(product * scale - static_cast<const A*>(a.kept)[row]);
          const A kept = head.kept(query, key);
          weight = p * kept;
          ds = p * (dproduct * kept - delta[row]);
        }
        add_rows(shared, dk, ds, head.queries(a.q), i, column, width);
        add_rows(shared, dv, weight, head.queries(a.dout), i, column, width);
      }
      if (key >= head.place.keys) continue;
      if (a.dk.data) put_row(head.keys(a.dk).row(key), dk, scale, a.dk_add, column, width);
      if (a.dv.data) put_row(head.keys(a.dv).row(key), dv, A(1), a.dv_add, column, width);
    }
  }
}

// Blocks for `rows` rows of every item; all columns when they fit into Parts registers a lane.
dim3 grid_for(const AttentionShape& s, int64_t rows, int parts) {
  const auto items = static_cast<unsigned>(s.items() < 65535 ? s.items() : 65535);
  const int64_t group = int64_t{parts} * tile;
  return dim3(blocks_for(rows, warps), items, static_cast<unsigned>((s.width + group - 1) / group));
}

// Calls f.operator()<T, Parts>() with the fewest parts that hold a row; wider rows take several groups of the
// most parts, which are what registers have room for.
template <class F>
void visit_attention(const AttentionShape& s, const F& f) {
  visit_float(s.dtype, "attention", [&]<class T>() {
    if (s.width <= tile) return f.template operator()<T, 1>();
    if (sizeof(T) == 8 || s.width <= 2 * tile) return f.template operator()<T, 2>();
    if constexpr (sizeof(T) <= 4) f.template operator()<T, 4>();
  });
}

struct CudaAttention final : Attention {
  int64_t kept_size(const AttentionShape& s) const override { return s.queries; }

  void attention(const AttentionArgs& a) const override {
    const AttentionShape& s = a.shape;
    if (s.items() == 0 || s.queries == 0 || s.width == 0) return;
    visit_attention(s, [&]<class T, int Parts>() {
      forward_kernel<T, Parts><<<grid_for(s, s.queries, Parts), threads_per_block, 0, cuda::stream()>>>(a);
      cuda::launched(typeid(AttentionArgs));
    });
  }

  void attention_grad(const AttentionGradArgs& a) const override {
    const AttentionShape& s = a.shape;
    if (s.items() == 0 || s.width == 0) return;
    visit_attention(s, [&]<class T, int Parts>() {
      const int64_t rows = s.items() * s.queries;
      const cuda::Scratch delta(static_cast<size_t>(rows) * sizeof(acc_t<T>));
      auto* d = static_cast<acc_t<T>*>(delta.data());
      CudaLaunch::rows(rows, 0, DeltaRow<T>{s, a.out, a.dout, d});
      if (a.dq.data && s.queries > 0) {
        query_grad_kernel<T, Parts>
            <<<grid_for(s, s.queries, Parts), threads_per_block, 0, cuda::stream()>>>(a, d);
        cuda::launched(typeid(AttentionGradArgs));
      }
      if ((a.dk.data || a.dv.data) && s.keys > 0) {
        key_grad_kernel<T, Parts><<<grid_for(s, s.keys, Parts), threads_per_block, 0, cuda::stream()>>>(a, d);
        cuda::launched(typeid(AttentionGradArgs));
      }
    });
  }
};

}  // namespace

const Attention& attention() {
  static constexpr CudaAttention kernels;
  return kernels;
}

}  // namespace mosaic::kernels::gpu
