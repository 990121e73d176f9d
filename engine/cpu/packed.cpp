// Products with packed weights, compiled once per instruction set.
//
// W is kept as panels of tile_vecs vectors of its rows (the columns of the product), k values deep and one
// after another, as pack_b_transposed makes them: a product streams through them. Panels are the outer loop,
// so each is read from far memory once for all rows of x that fit a cache.
#include "engine/core/parallel.h"
#include "engine/cpu/gemm_blocks.h"
#include "engine/cpu/gemm_pack.h"
#include "engine/cpu/packed_table.h"

namespace mosaic::kernels::MOSAIC_ISA {
namespace {

constexpr int64_t width = panel_columns<float>;
// Tiles of rows of x that stay in the first-level cache while a block of W's panels passes, itself in the
// second-level cache while all rows do.
constexpr int64_t group_tiles = 4;

// Panels worked on at once: few rows need more sums to hide the latency of an addition.
constexpr int panels_at_once(int rows) {
  return rows == 1 ? 6 : rows == 2 ? 3 : rows == 3 ? 2 : 1;
}

// Rows x Panels whole panels, `panel` values apart in tile.b; the sums' order is that of micro_tile.
template <int Rows, int Panels>
void panels_tile(const Tile<float>& tile, int64_t panel, const Finish<float>& finish) {
  Vec<float> sum[Panels][Rows][tile_vecs] = {};
  const float* a = tile.a;
  const float* b = tile.b;
  const int64_t a_step = tile.a_step;
#pragma GCC unroll 1
  for (int64_t p = 0; p < tile.k; ++p) {
#pragma GCC unroll 8
    for (int q = 0; q < Panels; ++q) {
      Vec<float> right[tile_vecs];
#pragma GCC unroll 2
      for (int j = 0; j < tile_vecs; ++j) right[j] = load(b + q * panel + j * lanes<float>);
#pragma GCC unroll 16
      for (int i = 0; i < Rows; ++i) {
#pragma GCC unroll 2
        for (int j = 0; j < tile_vecs; ++j) sum[q][i][j] += a[i * a_step + p] * right[j];
      }
    }
    b += width;
  }
#pragma GCC unroll 8
  for (int q = 0; q < Panels; ++q) {
    Tile<float> part = tile;
    part.c = tile.c + q * width;
    part.cols = width;
    Finish<float> to = finish;
    to.bias = finish.bias ? finish.bias + q * width : nullptr;
    finish_tile<float, Rows, tile_vecs>(sum[q], part, to);
  }
}

using PanelsTile = void (*)(const Tile<float>&, int64_t, const Finish<float>&);

struct Tiles {
  PanelsTile several[tile_rows]{};               // panels_at_once(rows)
  MicroTile<float> one[tile_vecs][tile_rows]{};  // a panel of so many vectors
  template <int... I>
  constexpr void fill(std::integer_sequence<int, I...>) {
    ((several[I] = &panels_tile<I + 1, panels_at_once(I + 1)>), ...);
    ((one[0][I] = &micro_tile<float, I + 1, 1, Walk::rows>), ...);
    ((one[1][I] = &micro_tile<float, I + 1, 2, Walk::rows>), ...);
  }
  constexpr Tiles() {
    static_assert(tile_vecs == 2);
    fill(std::make_integer_sequence<int, tile_rows>{});
  }
};
constexpr Tiles tiles;

int64_t packed_size(int64_t n, int64_t k) {
  return k * padded<float>(n);
}

void pack(const float* w, int64_t ldw, int64_t n, int64_t k, float* packed) {
  parallel_for(ceil_div(n, width), larger(1, thread_work / (width * larger(k, 1))),
               [&](int64_t begin, int64_t end) {
                 const int64_t j = begin * width;
                 pack_b_transposed(w + j * ldw, ldw, k, smaller(n, end * width) - j, packed + j * k);
               });
}

// Columns [j, j + cols) of a tile of rows, all blocks of k.
void multiply_columns(const PackedArgs& g, int64_t row, int rows, int64_t j, int64_t cols, int panels) {
  const int64_t step = k_step(g.k), panel_width = padded<float>(smaller(cols, width));
  for (int64_t p = 0; p < g.k; p += step) {
    const bool last = p + step >= g.k;
    const Finish<float> finish{1, p > 0, last && g.bias ? g.bias + j : nullptr, last && g.relu};
    const Tile<float> tile{smaller(step, g.k - p),
                           g.a + row * g.lda + p,
                           g.lda,
                           g.packed + j * g.k + p * panel_width,
                           panel_width,
                           g.c + row * g.ldc + j,
                           g.ldc,
                           cols};
    panels > 1 ? tiles.several[rows - 1](tile, width * g.k, finish)
               : tiles.one[panel_width / lanes<float> - 1][rows - 1](tile, finish);
  }
}

// Panels [begin, end) of the tiles [first, last) of the rows, which are cut into `count`.
void multiply_group(const PackedArgs& g, int64_t first, int64_t last, int64_t count, int64_t begin,
                    int64_t end) {
  const int panels = count > 1 ? 1 : panels_at_once(static_cast<int>(g.m));
  for (int64_t panel = begin; panel < end;) {
    const int64_t j = panel * width;
    const bool several = panels > 1 && panel + panels <= end && j + panels * width <= g.n;
    const int64_t cols = several ? panels * width : smaller(width, g.n - j);
    for (int64_t t = first; t < last; ++t) {
      const int64_t row = g.m * t / count, rows = g.m * (t + 1) / count - row;
      multiply_columns(g, row, static_cast<int>(rows), j, cols, several ? panels : 1);
    }
    panel += several ? panels : 1;
  }
}

void multiply_panels(const PackedArgs& g, int64_t begin, int64_t end) {
  const int64_t count = ceil_div(g.m, tile_rows);  // tiles of about equal heights
  const int64_t block =
      count <= group_tiles ? end - begin : larger(1, cache_values<float>() / 4 / (g.k * width));
  for (int64_t panel = begin; panel < end; panel += block) {
    for (int64_t t = 0; t < count; t += group_tiles) {
      multiply_group(g, t, smaller(count, t + group_tiles), count, panel, smaller(end, panel + block));
    }
  }
}

void multiply(const PackedArgs& g) {
  const int64_t work = larger(1, g.m * g.k * width);
  parallel_for(ceil_div(g.n, width), ceil_div(thread_work, work),
               [&](int64_t begin, int64_t end) { multiply_panels(g, begin, end); });
}

}  // namespace

const PackedTable& packed_table() {
  static constexpr PackedTable table{&packed_size, &pack, &multiply};
  return table;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
