// Attention on the CPU, compiled once per instruction set. Every (batch, head) is one item of work on one
// thread: its L x L probabilities stay in the caches. Keys after the last visible one are skipped altogether,
// so padding costs nothing.
#include "engine/kernels/attention_on.h"

#include "engine/cpu/gemm_few_rows.h"
#include "engine/cpu/launch.h"
#include "engine/cpu/scratch.h"
#include "engine/cpu/small_product.h"
#include "engine/kernels/drop_on.h"
#include "engine/kernels/math.h"

namespace mosaic::kernels::MOSAIC_ISA {
namespace {

constexpr int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}
constexpr int64_t most(int64_t a, int64_t b) {
  return a > b ? a : b;
}
constexpr int64_t rounded(int64_t n) {
  return (n + 15) / 16 * 16;
}

template <class T, int Bytes, class F>
[[gnu::always_inline]] inline T fold(Vec<T, Bytes> v, const F& combine) {
  constexpr int n = Bytes / static_cast<int>(sizeof(T));
  if constexpr (n == 1) {
    return v[0];
  } else if constexpr (n == 2) {
    return combine(v[0], v[1]);
  } else if constexpr (Bytes == 16) {
    const Vec<T, 16> pairs = combine(v, __builtin_shufflevector(v, v, 2, 3, 0, 1));
    return combine(pairs[0], pairs[1]);
  } else {
    constexpr int half = n / 2;
    constexpr std::make_integer_sequence<int, half> indices;
    return fold<T, Bytes / 2>(
        combine(cut<T, Bytes / 2, 0, Bytes>(v, indices), cut<T, Bytes / 2, half, Bytes>(v, indices)),
        combine);
  }
}

constexpr auto greater = [](auto a, auto b) __attribute__((always_inline)) {
  return a > b ? a : b;
};
constexpr auto plus = [](auto a, auto b) __attribute__((always_inline)) {
  return a + b;
};

// One (batch, head).
template <class T>
struct Item {
  const AttentionShape& shape;
  int64_t index;
  AttentionPlace place;
  int64_t queries;
  int64_t keys;    // up to the last visible one
  int64_t stride;  // of the rows of probabilities: whole vectors
  bool gaps;       // some of these keys are hidden

  Item(const AttentionShape& s, int64_t item)
      : shape(s), index(item), place(s, item), queries(place.queries), keys(place.keys), gaps(false) {
    if (s.mask) {
      const uint8_t* mask = s.mask + place.b * s.mask_batch;
      while (keys > 0 && mask[keys - 1] == 0) --keys;
      for (int64_t j = 0; j < keys; ++j) gaps |= mask[j] == 0;
    }
    stride = padded<T>(keys);
  }
  T* query_rows(const AttentionRows& rows) const { return place.at<T>(rows, place.first_query, shape.width); }
  T* key_rows(const AttentionRows& rows) const { return place.at<T>(rows, place.first_key, shape.width); }
  // Keys before this one are seen by query i, hidden ones aside.
  int64_t limit(int64_t i) const {
    return shape.causal ? most(0, least(keys, i + 1 + place.keys - queries)) : keys;
  }
  // Bounds of products {queries, keys}, {queries, width} summed over keys, and {keys, width} over queries.
  SmallBounds scores(int64_t, int64_t last) const { return {0, shape.width, limit(last - 1)}; }
  SmallBounds over_keys(int64_t, int64_t last) const { return {0, limit(last - 1), shape.width}; }
  SmallBounds over_queries(int64_t first, int64_t) const {
    const int64_t from = shape.causal ? least(queries, most(0, first - (place.keys - queries))) : 0;
    return {from, queries, shape.width};
  }
};

// Asks for the rows of the item that is worked on next: heads are short pieces of long rows, which the
// processor does not foresee.
template <class T>
class Next {
 public:
  Next(const AttentionShape& s, int64_t index)
      // Operands that are small enough are near anyway.
      : wanted_(index < s.items() && s.items() * s.keys * s.width >= (1 << 17)),
        width_(s.width),
        place_(s, wanted_ ? index : 0) {}

  template <bool Write = false>
  void queries(const AttentionRows& rows) const {
    ask<Write>(rows, place_.first_query, place_.queries);
  }
  template <bool Write = false>
  void keys(const AttentionRows& rows) const {
    ask<Write>(rows, place_.first_key, place_.keys);
  }

 private:
  template <bool Write>
  void ask(const AttentionRows& rows, int64_t first, int64_t length) const {
    constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(T));
    if (rows.data == nullptr || !wanted_) return;
    const T* from = place_.at<T>(rows, first, width_);
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t c = 0; c < width_; c += line) __builtin_prefetch(from + i * rows.row + c, Write, 2);
    }
  }

  bool wanted_;
  int64_t width_;
  AttentionPlace place_;
};

template <class T>
constexpr int64_t kept_values(const AttentionShape& s) {
  return s.queries * rounded(s.keys);
}

// scores = scale q k^T, {queries, item.stride}; columns past a query's limit may hold anything.
template <class T>
void multiply_scores(const Item<T>& item, const AttentionArgs& a, T* scores, T* buffer) {
  const AttentionShape& s = item.shape;
  const T alpha = T(s.scale);
  if constexpr (sizeof(T) == 4) {
    if (item.queries == 1) {  // reading the keys once is all there is to do; the sums are the same
      constexpr int vecs = 2, columns = vecs * lanes<T>;
      Tile<T> tile{};
      tile.k = s.width;
      tile.a = item.query_rows(a.q);
      tile.ldb = a.k.row;
      for (int64_t j = 0; j < item.keys; j += columns) {
        tile.b = item.key_rows(a.k) + j * a.k.row;
        tile.c = scores + j;
        tile.cols = least(item.keys - j, columns);
        few_rows_tile<1, vecs>(tile, {alpha, false, nullptr, false});
      }
      return;
    }
  }
  const SmallRight<T> keys = small_right_transposed(item.key_rows(a.k), a.k.row, s.width, item.keys, buffer);
  small_product<Walk::rows>(item.queries, item.query_rows(a.q), a.q.row, keys, scores, item.stride,
                            item.stride, alpha, false,
                            [&](int64_t first, int64_t last) { return item.scores(first, last); });
}

// Scores to probabilities, in place. hidden: 0 or -infinity for each key, when the item has gaps.
template <class T>
void softmax_rows(const Item<T>& item, T* p, const T* hidden) {
  constexpr T lowest = -T(__builtin_inf());
  constexpr int n = lanes<T>;
  const int64_t stride = item.stride, rows = item.queries;
  for (int64_t i = 0; i < rows; ++i) {
    T* row = p + i * stride;
    for (int64_t j = item.limit(i); j < stride; ++j) row[j] = lowest;
    Vec<T> high = splat(lowest);
    if (item.gaps) {
      for (int64_t j = 0; j < stride; j += n) store(row + j, load(row + j) + load(hidden + j));
    }
    for (int64_t j = 0; j < stride; j += n) high = greater(load(row + j), high);
    const T top = fold<T, vector_bytes>(high, greater);
    const Vec<T> shift = splat(top > lowest ? top : T(0));  // nothing visible: exp(-infinity) is 0 throughout
    for (int64_t j = 0; j < stride; j += n) store(row + j, load(row + j) - shift);
  }
  HostTeam{}.each(rows * stride, [&](int64_t c) { p[c] = exp_flush(p[c]); });
  for (int64_t i = 0; i < rows; ++i) {
    T* row = p + i * stride;
    Vec<T> sum = {};
    for (int64_t j = 0; j < stride; j += n) sum += load(row + j);
    const T total = fold<T, vector_bytes>(sum, plus);
    const Vec<T> factor = splat(total > T(0) || total != total ? T(1) / total : T(0));
    for (int64_t j = 0; j < stride; j += n) store(row + j, load(row + j) * factor);
  }
}

// Marks dropped probabilities by their sign: the gradient finds them without drawing again.
template <class T>
void mark_dropped(const Item<T>& item, T* p) {
  const AttentionShape& s = item.shape;
  constexpr int64_t room = 2048;
  const int64_t group = most(1, room / most(1, item.place.keys));
  for (int64_t first = 0; first < item.queries; first += group) {
    const int64_t last = least(item.queries, first + group);
    uint32_t words[room];
    for (int64_t from = 0; from < item.place.keys; from += room) {  // once, unless a row alone is longer
      const int64_t columns = least(item.place.keys - from, room);
      const int64_t element = item.index * s.queries * s.keys + first * item.place.keys + from;
      each_word(HostTeam{}, s.drop.key, element, (last - first - 1) * item.place.keys + columns,
                [&](int64_t c, uint32_t word) { words[c] = word; });
      for (int64_t i = first; i < last; ++i) {
        T* row = p + i * item.stride + from;
        const uint32_t* word = words + (i - first) * item.place.keys;
        const int64_t visible = least(item.keys - from, columns);
        HostTeam{}.each(visible, [&](int64_t j) { row[j] = word[j] < s.drop.threshold ? -row[j] : row[j]; });
      }
    }
  }
}

template <class T>
void forward_item(const AttentionArgs& a, int64_t index) {
  const AttentionShape& s = a.shape;
  const Item<T> item(s, index);
  const bool drops = s.drop.threshold != 0;
  const Next<T> next(s, index + 1);
  next.queries(a.q);
  next.keys(a.k);
  next.keys(a.v);
  next.template queries<true>(a.out);
  const int64_t most_keys = rounded(s.keys), width = padded<T>(s.width);
  T* memory = static_cast<T*>(scratch(
      Scratch::kernel, (most_keys * (width + 1) + 2 * kept_values<T>(s)) * static_cast<int64_t>(sizeof(T))));
  T* buffer = memory;
  T* hidden = buffer + most_keys * width;
  T* spare = hidden + most_keys;
  T* p = a.kept ? static_cast<T*>(a.kept) + index * kept_values<T>(s) : spare + kept_values<T>(s);

  multiply_scores(item, a, p, buffer);
  if (item.gaps) {
    const uint8_t* mask = s.mask + item.place.b * s.mask_batch;
    for (int64_t j = 0; j < item.stride; ++j)
      hidden[j] = j < item.keys && mask[j] ? T(0) : -T(__builtin_inf());
  }
  softmax_rows(item, p, hidden);
  const T* weights = p;
  if (drops) {
    mark_dropped(item, p);
    HostTeam{}.each(item.queries * item.stride, [&](int64_t c) { spare[c] = p[c] > T(0) ? p[c] : T(0); });
    weights = spare;
  }
  const T alpha = T(drops ? s.drop.scale : 1);
  if (item.queries == 1 && s.width % lanes<T> == 0) {
    return small_row_product(weights, {item.key_rows(a.v), a.v.row, false, item.limit(0), s.width},
                             item.query_rows(a.out), alpha);
  }
  const SmallRight<T> values = small_right(item.key_rows(a.v), a.v.row, item.keys, s.width, buffer);
  small_product<Walk::rows>(item.queries, weights, item.stride, values, item.query_rows(a.out), a.out.row,
                            s.width, alpha, false,
                            [&](int64_t first, int64_t last) { return item.over_keys(first, last); });
}

// d: the gradient of the (dropped) probabilities, which becomes that of the scores: p (d - sum(p d)).
template <class T>
void softmax_rows_grad(const Item<T>& item, const T* p, T* d) {
  constexpr int n = lanes<T>;
  const int64_t stride = item.stride;
  for (int64_t i = 0; i < item.queries; ++i) {
    const T* row = p + i * stride;
    T* to = d + i * stride;
    // Columns past the limit were not computed; their probability is zero.
    const int64_t end = least(stride, padded<T>(item.limit(i)));
    Vec<T> sum = {};
    for (int64_t j = 0; j < end; j += n) sum += load(row + j) * load(to + j);
    const Vec<T> total = splat(fold<T, vector_bytes>(sum, plus));
    for (int64_t j = 0; j < end; j += n) store(to + j, load(row + j) * (load(to + j) - total));
    for (int64_t j = end; j < stride; ++j) to[j] = T(0);
  }
}

template <class T>
void zero_rows(T* to, int64_t step, int64_t begin, int64_t end, int64_t width) {
  for (int64_t j = begin; j < end; ++j) {
    for (int64_t c = 0; c < width; ++c) to[j * step + c] = T(0);
  }
}

template <class T>
void backward_item(const AttentionGradArgs& a, int64_t index) {
  const AttentionShape& s = a.shape;
  const Item<T> item(s, index);
  const Next<T> next(s, index + 1);
  next.queries(a.q);
  next.keys(a.k);
  next.keys(a.v);
  next.queries(a.dout);
  next.template queries<true>(a.dq);
  next.template keys<true>(a.dk);
  next.template keys<true>(a.dv);
  const int64_t most_keys = rounded(s.keys), width = padded<T>(s.width), block = kept_values<T>(s);
  const int64_t longest = most(most_keys, s.queries);
  T* memory = static_cast<T*>(
      scratch(Scratch::kernel, (longest * width + 3 * block) * static_cast<int64_t>(sizeof(T))));
  T* buffer = memory;
  T* d = buffer + longest * width;
  T* positive = d + block;        // the probabilities without their marks
  T* weights = positive + block;  // zero where dropped
  const T* kept = static_cast<const T*>(a.kept) + index * block;
  const T* p = kept;
  const T* used = kept;
  const T* dout = item.query_rows(a.dout);
  const bool drops = s.drop.threshold != 0;
  const T scale = T(drops ? s.drop.scale : 1), alpha = T(s.scale);
  const int64_t count = item.queries * item.stride;
  if (drops) {
    HostTeam{}.each(count, [&](int64_t c) {
      positive[c] = abs(kept[c]);
      weights[c] = kept[c] > T(0) ? kept[c] : T(0);
    });
    p = positive;
    used = weights;
  }
  const auto over_keys = [&](int64_t first, int64_t last) { return item.over_keys(first, last); };
  const auto over_queries = [&](int64_t first, int64_t last) { return item.over_queries(first, last); };
  if (a.dq.data || a.dk.data) {
    const SmallRight<T> values =
        small_right_transposed(item.key_rows(a.v), a.v.row, s.width, item.keys, buffer);
    small_product<Walk::rows>(item.queries, dout, a.dout.row, values, d, item.stride, item.stride, scale,
                              false, [&](int64_t first, int64_t last) { return item.scores(first, last); });
    if (drops) {
      HostTeam{}.each(count, [&](int64_t c) { d[c] = __builtin_signbit(kept[c]) ? T(0) : d[c]; });
    }
    softmax_rows_grad(item, p, d);
  }
  if (a.dq.data) {
    const SmallRight<T> keys = small_right(item.key_rows(a.k), a.k.row, item.keys, s.width, buffer);
    small_product<Walk::rows>(item.queries, d, item.stride, keys, item.query_rows(a.dq), a.dq.row, s.width,
                              alpha, a.dq_add, over_keys);
  }
  if (a.dk.data) {
    const SmallRight<T> queries = small_right(item.query_rows(a.q), a.q.row, item.queries, s.width, buffer);
    small_product<Walk::columns>(item.keys, d, item.stride, queries, item.key_rows(a.dk), a.dk.row, s.width,
                                 alpha, a.dk_add, over_queries);
    if (!a.dk_add) zero_rows(item.key_rows(a.dk), a.dk.row, item.keys, item.place.keys, s.width);
  }
  if (a.dv.data) {
    const SmallRight<T> outs = small_right(dout, a.dout.row, item.queries, s.width, buffer);
    small_product<Walk::columns>(item.keys, used, item.stride, outs, item.key_rows(a.dv), a.dv.row, s.width,
                                 scale, a.dv_add, over_queries);
    if (!a.dv_add) zero_rows(item.key_rows(a.dv), a.dv.row, item.keys, item.place.keys, s.width);
  }
}

// Nanoseconds an item takes, roughly.
double item_cost(const AttentionShape& s, double products) {
  const double pairs = static_cast<double>(s.queries) * static_cast<double>(s.keys);
  const double one = (products * static_cast<double>(s.width) * 0.03 + 1) * pairs + 50;
  return s.dtype == DType::f32 ? one : 4 * one;
}

struct CpuAttention final : Attention {
  int64_t kept_size(const AttentionShape& s) const override { return kept_values<float>(s); }
  void attention(const AttentionArgs& a) const override {
    CpuLaunch::each(a.shape.items(), item_cost(a.shape, 2), [&a](int64_t item) {
      a.shape.dtype == DType::f32 ? forward_item<float>(a, item) : forward_item<double>(a, item);
    });
  }
  void attention_grad(const AttentionGradArgs& a) const override {
    CpuLaunch::each(a.shape.items(), item_cost(a.shape, 4), [&a](int64_t item) {
      a.shape.dtype == DType::f32 ? backward_item<float>(a, item) : backward_item<double>(a, item);
    });
  }
};

}  // namespace

const Attention& cpu_attention() {
  static constexpr CpuAttention kernels;
  return kernels;
}

}  // namespace mosaic::kernels::MOSAIC_ISA
