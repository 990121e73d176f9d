// The index family on a launcher.
#pragma once

#include "engine/kernels/index.h"
#include "engine/kernels/team.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class F>
void visit_index_type(DType dtype, const F& f) {
  switch (dtype) {
    case DType::f64:
      return f(double{});
    case DType::f32:
      return f(float{});
    case DType::i32:
      return f(int32_t{});
    case DType::u8:
      return f(uint8_t{});
    case DType::bf16:
      return f(BFloat16{});
    case DType::f16:
      return f(Half{});
  }
}

// Many lanes may raise the flag at once.
MOSAIC_HD inline void raise(int32_t* flag) {
#if defined(__CUDA_ARCH__)
  *flag = 1;
#else
  __atomic_store_n(flag, 1, __ATOMIC_RELAXED);
#endif
}

template <class T>
struct GatherRows {
  GatherRowsArgs args;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t i) const {
    const int64_t id = args.ids[i];
    T* y = static_cast<T*>(args.y) + i * args.cols;
    if (id < 0 || id >= args.rows) {
      team.once([&] { raise(args.bad); });
      team.each(args.cols, [y](int64_t c) { y[c] = T{}; });
      return;
    }
    const T* __restrict row = static_cast<const T*>(args.table) + id * args.row_stride;
    T* __restrict out = y;
    team.each(args.cols, [row, out](int64_t c) { out[c] = row[c]; });
  }
};

template <class T>
struct PickRows {
  PickArgs args;
  MOSAIC_HD void operator()(int64_t r) const {
    const int64_t c = args.indices[r];
    const bool inside = c >= 0 && c < args.cols;
    if (!inside) raise(args.bad);
    static_cast<T*>(args.y)[r] = inside ? static_cast<const T*>(args.x)[r * args.row_stride + c] : T{};
  }
};

template <class T>
struct PutRows {
  PutArgs args;
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t r) const {
    T* dx = static_cast<T*>(args.dx) + r * args.dx_stride;
    const T dy = static_cast<const T*>(args.dy)[r];
    const int64_t at = args.indices[r];
    if (!args.accumulate) team.each(args.cols, [dx](int64_t c) { dx[c] = T{}; });
    team.once([&] { dx[at] = T(acc_t<T>(dx[at]) + acc_t<T>(dy)); });
  }
};

// Some rows of {n, cols} at o: what is put there is read once for all of them.
template <class T>
struct PutColumns {
  static constexpr int64_t rows = 16;
  PutColumnsArgs args;
  MOSAIC_HD int64_t groups() const { return (args.n + rows - 1) / rows; }
  MOSAIC_HD Keeps keeps() const {
    constexpr auto size = static_cast<int64_t>(sizeof(T) < sizeof(int32_t) ? sizeof(int32_t) : sizeof(T));
    return {.bytes = args.cols * size, .rows = 2};
  }
  template <class Team>
  MOSAIC_HD void operator()(const Team& team, int64_t group) const {
    const int64_t o = group / groups(), first = (group - o * groups()) * rows,
                  last = first + rows < args.n ? first + rows : args.n;
    const T* dy = team.hold(static_cast<const T*>(args.dy) + o * args.cols, args.cols, 0);
    const int32_t* at = team.hold(args.indices + o * args.cols, args.cols, 1);
    for (int64_t r = first; r < last; ++r) {
      T* dx = static_cast<T*>(args.dx) + (o * args.n + r) * args.dx_stride;
      const auto here = static_cast<int32_t>(r);
      if (args.accumulate) {
        team.each(args.cols, [=](int64_t c) {
          if (at[c] == here) dx[c] += dy[c];
        });
      } else {
        team.each(args.cols, [=](int64_t c) { dx[c] = at[c] == here ? dy[c] : T(0); });
      }
    }
  }
};
template <class Launch, class T>
void run_put_columns(const PutColumnsArgs& args) {
  const PutColumns<T> put{args};
  Launch::rows(args.outer * put.groups(), 5 + 0.3 * static_cast<double>(put.rows * args.cols), put);
}

// Columns [first, first + n) of dx for every id.
template <class T>
void scatter_columns(const ScatterRowsArgs& args, int64_t first, int64_t n) {
  const T* dy = static_cast<const T*>(args.dy) + first;
  for (int64_t id = 0; id < args.rows; ++id) {
    T* out = static_cast<T*>(args.dx) + id * args.dx_stride + first;
    int32_t at = args.starts[id];
    const int32_t end = args.starts[id + 1];
    if (!args.accumulate) {
      if (at == end) {
        for (int64_t c = 0; c < n; ++c) out[c] = T(0);
        continue;
      }
      const T* row = dy + args.order[at++] * args.dy_stride;
#pragma GCC ivdep
      for (int64_t c = 0; c < n; ++c) out[c] = row[c];
    }
    for (; at < end; ++at) {
      const T* row = dy + args.order[at] * args.dy_stride;
#pragma GCC ivdep
      for (int64_t c = 0; c < n; ++c) out[c] += row[c];
    }
  }
}

template <class Launch>
class IndexOn final : public Index {
 public:
  void gather_rows(const GatherRowsArgs& args) const override {
    visit_index_type(args.dtype, [&]<class T>(T) {
      Launch::rows(args.count, 5 + 0.1 * static_cast<double>(args.cols), GatherRows<T>{args});
    });
  }

  void group(const GroupArgs& args) const override {
    Launch::rows(1, 0, [&](const auto& team, int64_t) { team.once([&] { count_and_place(args); }); });
  }

  void scatter_rows(const ScatterRowsArgs& args) const override {
    // Threads divide the columns: ids are far from equally frequent, columns are equal work.
    constexpr int64_t width = 16;
    const int64_t blocks = (args.cols + width - 1) / width;
    const double positions =
        static_cast<double>(args.starts[args.rows]) + 0.3 * static_cast<double>(args.rows);
    Launch::spans(blocks, 3 * positions, [&](int64_t begin, int64_t end) {
      const int64_t first = begin * width, last = end * width < args.cols ? end * width : args.cols;
      if (args.dtype == DType::f64) {
        scatter_columns<double>(args, first, last - first);
      } else {
        scatter_columns<float>(args, first, last - first);
      }
    });
  }

  void pick(const PickArgs& args) const override {
    visit_index_type(args.dtype, [&]<class T>(T) { Launch::each(args.rows, 5, PickRows<T>{args}); });
  }

  void put(const PutArgs& args) const override {
    const double cost = args.accumulate ? 5 : 5 + 0.1 * static_cast<double>(args.cols);
    if (args.dtype == DType::f64) {
      Launch::rows(args.rows, cost, PutRows<double>{args});
    } else {
      Launch::rows(args.rows, cost, PutRows<float>{args});
    }
  }

  void put_columns(const PutColumnsArgs& args) const override {
    args.dtype == DType::f64 ? run_put_columns<Launch, double>(args) : run_put_columns<Launch, float>(args);
  }

 private:
  static void count_and_place(const GroupArgs& args) {
    int32_t* starts = args.starts;
    for (int64_t id = 0; id <= args.rows; ++id) starts[id] = 0;
    for (int64_t i = 0; i < args.count; ++i) {
      if (args.ids[i] != args.padding) ++starts[args.ids[i]];
    }
    int32_t next = 0;
    for (int64_t id = 0; id <= args.rows; ++id) {
      const int32_t count = starts[id];
      starts[id] = next;
      next += count;
    }
    // Placing moves each start to its end, which is the next id's start; afterwards they move back by one.
    for (int64_t i = 0; i < args.count; ++i) {
      if (args.ids[i] != args.padding) args.order[starts[args.ids[i]]++] = static_cast<int32_t>(i);
    }
    for (int64_t id = args.rows; id > 0; --id) starts[id] = starts[id - 1];
    starts[0] = 0;
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
