// GEMM for one instruction set: how the work is cut into blocks, panels, tiles and threads. Compiled once per
// instruction set; no choice made here but block_k can change a bit of the result (kernels/gemm.h).
#include "engine/core/parallel.h"
#include "engine/cpu/gemm_blocks.h"
#include "engine/cpu/gemm_few_rows.h"
#include "engine/cpu/gemm_micro.h"
#include "engine/cpu/gemm_pack.h"
#include "engine/cpu/gemm_table.h"
#include "engine/cpu/scratch.h"

namespace mosaic::kernels::MOSAIC_ISA {
namespace {

// B stays where it is when the memory its block of k spans, rows of ldb values, is no more than the
// second-level cache: a copy costs more than a few cache misses. Less when A is read by columns, which
// spreads as far.
template <class T>
bool stays_in_place(const GemmArgs& g, int64_t step) {
  return step * g.ldb <= (g.trans_a ? cache_values<T>() * 3 / 8 : cache_values<T>());
}
// Tiles of rows that share a panel of B while it is in the first-level cache.
constexpr int64_t group_tiles = 4;

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
  // Piece i of about equal ones.
  Range piece(int64_t i, int64_t pieces) const {
    return {begin + size() * i / pieces, begin + size() * (i + 1) / pieces};
  }
};

// One product of the batch.
template <class T>
struct Product {
  const GemmArgs& args;
  const T* a;
  const T* b;
  T* c;
  const T* bias;

  const T* a_at(int64_t i, int64_t p) const {
    return a + (args.trans_a ? p * args.lda + i : i * args.lda + p);
  }
  const T* b_at(int64_t p, int64_t j) const {
    return b + (args.trans_b ? j * args.ldb + p : p * args.ldb + j);
  }
  // What to do with the sums of block `ks` at column j.
  Finish<T> finish(Range ks, int64_t j) const {
    const bool last = ks.end == args.k;
    return {static_cast<T>(args.alpha), args.accumulate || ks.begin > 0, last && bias ? bias + j : nullptr,
            last && args.epilogue == Epilogue::relu};
  }
};

// micro_tile by [walk][vectors - 1][rows - 1].
template <class T>
struct Micro {
  using Tiles = MicroTile<T>[2][tile_vecs][tile_rows];
  template <Walk walk, int Vecs, int... I>
  static constexpr void fill(Tiles& tiles, std::integer_sequence<int, I...>) {
    ((tiles[static_cast<int>(walk)][Vecs - 1][I] = &micro_tile<T, I + 1, Vecs, walk>), ...);
  }
  Tiles tiles{};
  constexpr Micro() {
    constexpr std::make_integer_sequence<int, tile_rows> rows;
    static_assert(tile_vecs == 2);
    fill<Walk::rows, 1>(tiles, rows);
    fill<Walk::rows, 2>(tiles, rows);
    fill<Walk::columns, 1>(tiles, rows);
    fill<Walk::columns, 2>(tiles, rows);
  }
};
template <class T>
constexpr Micro<T> micro;

// A block of op(B): in panels (gemm_pack.h), or in place but for a last panel of part of a vector.
template <class T>
struct Right {
  const T* packed;
  bool in_place;
};

template <class T>
Right<T> pack_right(const Product<T>& product, Range cols, Range ks, bool in_place) {
  const GemmArgs& g = product.args;
  const int64_t k = ks.size();
  const int64_t first = in_place ? cols.size() / panel_columns<T> * panel_columns<T> : 0;
  const int64_t count = cols.size() - first;
  if (in_place && count % lanes<T> == 0) return {nullptr, true};
  T* out = static_cast<T*>(scratch(Scratch::gemm_b, k * padded<T>(count) * int64_t{sizeof(T)}));
  const T* b = product.b_at(ks.begin, cols.begin + first);
  g.trans_b ? pack_b_transposed(b, g.ldb, k, count, out) : pack_b_plain(b, g.ldb, k, count, out);
  return {out, in_place};
}

// A block of an operand, `k` values along k and `other` along m or n, to be asked for before it is needed. It
// starts at `at`, in rows of ld values that run along m or n when k_is_outer.
template <class T>
Ahead ahead_of(const T* at, int64_t ld, bool k_is_outer, int64_t k, int64_t other, int64_t visits) {
  constexpr int64_t bytes{sizeof(T)};
  return {at, k_is_outer ? k : other, ld * bytes, (k_is_outer ? other : k) * bytes, visits};
}
template <class T>
Ahead ahead_a(const Product<T>& product, Range rows, Range ks, int64_t visits) {
  const GemmArgs& g = product.args;
  return ahead_of(product.a_at(rows.begin, ks.begin), g.lda, g.trans_a, ks.size(), rows.size(), visits);
}
template <class T>
Ahead ahead_b(const Product<T>& product, Range cols, Range ks, int64_t visits) {
  const GemmArgs& g = product.args;
  return ahead_of(product.b_at(ks.begin, cols.begin), g.ldb, !g.trans_b, ks.size(), cols.size(), visits);
}

// What multiply_block works on, and what comes after it (empty at the end).
struct Block {
  Range cols, ks;
  bool empty() const { return cols.size() == 0; }
};

// Tiles of rows as they are cut, of about equal heights, so that none is so short that the latency of its few
// sums shows.
struct RowTiles {
  Range rows;
  int64_t count = ceil_div(rows.size(), tile_rows);
  int64_t begin(int64_t tile) const { return rows.piece(tile, count).begin; }
};

// The tiles [first, last) of the rows times one block of op(B). What next_a and next_b still have to ask for
// is asked for meanwhile.
template <class T>
void multiply_group(const Product<T>& product, const RowTiles& tiles, int64_t first, int64_t last,
                    Block block, Right<T> right, Ahead& next_a, Ahead& next_b) {
  const GemmArgs& g = product.args;
  const auto [cols, ks] = block;
  const Walk walk = g.trans_a ? Walk::columns : Walk::rows;
  int64_t from[group_tiles + 1];  // the row each tile begins with
  for (int64_t t = first; t <= last; ++t) from[t - first] = tiles.begin(t);
  for (int64_t j = 0; j < cols.size(); j += panel_columns<T>) {
    const int64_t wanted = smaller(cols.size() - j, panel_columns<T>);
    const int64_t width = padded<T>(wanted);
    const bool in_place = right.in_place && width == wanted;
    const Finish<T> finish = product.finish(ks, cols.begin + j);
    Tile<T> tile{};
    tile.k = ks.size();
    tile.a_step = g.lda;
    tile.b = in_place ? product.b_at(ks.begin, cols.begin + j)
                      : right.packed + (right.in_place ? 0 : j * ks.size());
    tile.ldb = in_place ? g.ldb : width;
    tile.ldc = g.ldc;
    tile.cols = wanted;
    const auto& by_rows = micro<T>.tiles[static_cast<int>(walk)][width / lanes<T> - 1];
    for (int64_t t = 0; t < last - first; ++t) {
      tile.a = product.a_at(from[t], ks.begin);
      tile.c = product.c + from[t] * g.ldc + cols.begin + j;
      tile.ahead = next_a.any() ? &next_a : next_b.any() ? &next_b : nullptr;
      by_rows[from[t + 1] - from[t] - 1](tile, finish);
    }
  }
}

// rows x cols of one block of k.
template <class T>
void multiply_block(const Product<T>& product, Range rows, Block block, Block next, Right<T> right) {
  const RowTiles tiles{rows};
  const int64_t visits =
      ceil_div(block.cols.size(), panel_columns<T>) * ceil_div(block.ks.size(), visit_step);
  // Half of the visits for either operand: the one that comes first is ready early.
  Ahead next_b;
  if (!next.empty()) next_b = ahead_b(product, next.cols, next.ks, tiles.count * visits / 2);
  for (int64_t t = 0; t < tiles.count; t += group_tiles) {
    const int64_t end = smaller(t + group_tiles, tiles.count);
    Ahead next_a;
    if (end < tiles.count) {
      const Range later{tiles.begin(end), tiles.begin(smaller(end + group_tiles, tiles.count))};
      next_a = ahead_a(product, later, block.ks, (end - t) * visits / 2);
    } else if (!next.empty()) {
      const Range later{rows.begin, tiles.begin(smaller(group_tiles, tiles.count))};
      next_a = ahead_a(product, later, next.ks, (end - t) * visits / 2);
    }
    multiply_group(product, tiles, t, end, block, right, next_a, next_b);
  }
}

template <int Rows = 1>
void multiply_few_rows(const Product<float>& product, Range rows, Range cols) {
  if constexpr (Rows < few_rows) {
    if (rows.size() > Rows) return multiply_few_rows<Rows + 1>(product, rows, cols);
  }
  constexpr int vecs = few_rows_vecs(Rows);
  const GemmArgs& g = product.args;
  const int64_t step = k_step(g.k), width = g.trans_b ? vecs * lanes<float> : few_rows_columns;
  for (int64_t j = cols.begin; j < cols.end; j += width) {
    const int64_t wanted = smaller(cols.end - j, width);
    int64_t p = 0;
    do {
      const Range ks{p, smaller(p + step, g.k)};
      const Tile<float> tile{ks.size(), product.a_at(rows.begin, p),        g.lda, product.b_at(p, j),
                             g.ldb,     product.c + rows.begin * g.ldc + j, g.ldc, wanted};
      const Finish<float> finish = product.finish(ks, j);
      if (!g.trans_b) {
        few_rows_plain<Rows>(tile, finish);
      } else if (wanted <= lanes<float>) {  // the last columns need not pay for a whole group of vectors
        few_rows_tile<Rows, 1>(tile, finish);
      } else {
        few_rows_tile<Rows, vecs>(tile, finish);
      }
      p += step;
    } while (p < g.k);
  }
}

// rows x cols of C on this thread.
template <class T>
void multiply(const Product<T>& product, Range rows, Range cols) {
  const GemmArgs& g = product.args;
  if constexpr (sizeof(T) == 4) {
    // Without a transpose the tiles below are as good when the rows of B are short.
    const bool few =
        rows.size() <= few_rows && (g.trans_b || rows.size() <= 3 || cols.size() >= few_rows_columns);
    if (!g.trans_a && few) return multiply_few_rows(product, rows, cols);
  }
  const int64_t step = k_step(g.k);
  const bool low = rows.size() <= 2 * tile_rows;
  const bool in_place = !g.trans_b && (low || stays_in_place<T>(g, step));
  // The copy of B is used at once if rows are few.
  const int64_t panels = low && g.trans_b ? 2 : cache_values<T>() / 4 / (step * panel_columns<T>);
  const int64_t width = larger(panels, 1) * panel_columns<T>;
  Block block{{cols.begin, smaller(cols.begin + width, cols.end)}, {0, smaller(step, g.k)}};
  for (;;) {
    Block next = block;
    if (block.ks.end < g.k) {
      next.ks = {block.ks.end, smaller(block.ks.end + step, g.k)};
    } else {
      next.cols = {block.cols.end, smaller(block.cols.end + width, cols.end)};
      next.ks = {0, smaller(step, g.k)};
    }
    multiply_block(product, rows, block, next, pack_right(product, block.cols, block.ks, in_place));
    if (next.empty()) return;
    block = next;
  }
}

// How many pieces to cut m and n into.
struct Grid {
  int64_t rows, cols;
};

// The grid of at most `pieces` whose slowest piece takes the shortest time; operands are charged by the value
// (those of A that are read by columns more, as a line holds few of a tile's), the product by its vectors.
template <class T>
Grid choose_grid(const GemmArgs& g, int64_t pieces) {
  const int64_t row_units = ceil_div(g.m, tile_rows), col_units = ceil_div(g.n, lanes<T>);
  Grid best{1, 1};
  double best_cost = 0;
  for (int64_t r = 1; r <= smaller(pieces, row_units); ++r) {
    const int64_t c = smaller(pieces / r, col_units);
    const double rows = static_cast<double>(ceil_div(row_units, r) * tile_rows);
    const double cols = static_cast<double>(ceil_div(col_units, c) * lanes<T>);
    const double cost = rows * cols / (2 * lanes<T>)+0.5 * cols + (g.trans_a ? 0.5 : 0.1) * rows;
    if (best_cost == 0 || cost < best_cost) {
      best = {r, c};
      best_cost = cost;
    }
  }
  return best;
}

// Whole vectors of columns, so that pieces do not cut any.
template <class T>
Range columns_of(int64_t n, int64_t i, int64_t pieces) {
  const Range units = Range{0, ceil_div(n, lanes<T>)}.piece(i, pieces);
  return {units.begin * lanes<T>, smaller(units.end * lanes<T>, n)};
}

template <class T>
void multiply_parallel(const Product<T>& product, int64_t work) {
  const GemmArgs& g = product.args;
  const Grid grid = choose_grid<T>(g, smaller(threads(), work / thread_work));
  if (grid.rows * grid.cols == 1) return multiply(product, {0, g.m}, {0, g.n});
  parallel_for(grid.rows * grid.cols, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      multiply(product, Range{0, g.m}.piece(i / grid.cols, grid.rows),
               columns_of<T>(g.n, i % grid.cols, grid.cols));
    }
  });
}

template <class T>
Product<T> product_of(const GemmArgs& g, int64_t index) {
  const int64_t i0 = index / g.batch1, i1 = index % g.batch1;
  return {g, static_cast<const T*>(g.a) + i0 * g.a0 + i1 * g.a1,
          static_cast<const T*>(g.b) + i0 * g.b0 + i1 * g.b1, static_cast<T*>(g.c) + i0 * g.c0 + i1 * g.c1,
          static_cast<const T*>(g.bias)};
}

template <class T>
void gemm_of(const GemmArgs& g) {
  const int64_t batch = g.batch0 * g.batch1, work = larger(g.m * g.n * g.k, 1);
  if (batch < 4 * threads() && work >= 2 * thread_work) {
    for (int64_t i = 0; i < batch; ++i) multiply_parallel(product_of<T>(g, i), work);
    return;
  }
  parallel_for(batch, ceil_div(thread_work, work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) multiply(product_of<T>(g, i), {0, g.m}, {0, g.n});
  });
}

}  // namespace

const GemmTable& gemm_table() {
  if constexpr (vector_bytes == 16) {
    static constexpr GemmTable table{&gemm_of<float>, &gemm_of<double>};
    return table;
  } else {
    static constexpr GemmTable table{&gemm_of<float>, nullptr};
    return table;
  }
}

}  // namespace mosaic::kernels::MOSAIC_ISA
