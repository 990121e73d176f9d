// The elementwise family on a launcher: functions of scalar.h meet the runs of loop_on.h.
#pragma once

#include "engine/kernels/gate_on.h"
#include "engine/kernels/loop_on.h"
#include "engine/kernels/scalar.h"

namespace mosaic::kernels::MOSAIC_ISA {

template <class F>
void visit_real(DType dtype, const F& f) {
  dtype == DType::f64 ? f(double{}) : f(float{});
}
template <class F>
void visit_type(DType dtype, const F& f) {
  switch (dtype) {
    case DType::f32:
      return f(float{});
    case DType::f64:
      return f(double{});
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

// Copies a run whose source strides along the rows of the result by tiles, so that each line of memory is
// fetched once: {rows, cols} with y dense along cols and x dense along rows.
template <class Launch, class T>
void transpose_tiles(const T* x, int64_t x_col, T* y, int64_t y_row, int64_t rows, int64_t cols) {
  // Through a buffer that is dense: rows of a power of two's length share few sets of the caches, which would
  // not keep a whole tile of them.
  constexpr int64_t side = 16;
  const int64_t row_tiles = (rows + side - 1) / side;
  Launch::spans(row_tiles, 0.5 * static_cast<double>(side * cols), [&](int64_t begin, int64_t end) {
    T tile[side][side];  // [column][row]
    for (int64_t r0 = begin * side; r0 < end * side && r0 < rows; r0 += side) {
      const int64_t height = r0 + side < rows ? side : rows - r0;
      for (int64_t c0 = 0; c0 < cols; c0 += side) {
        const int64_t width = c0 + side < cols ? side : cols - c0;
        const T* from = x + c0 * x_col + r0;
        T* to = y + r0 * y_row + c0;
        if (height == side && width == side) {  // sizes the compiler knows
          for (int64_t c = 0; c < side; ++c) __builtin_memcpy(tile[c], from + c * x_col, sizeof tile[c]);
          for (int64_t r = 0; r < side; ++r)
            for (int64_t c = 0; c < side; ++c) to[r * y_row + c] = tile[c][r];
        } else {
          for (int64_t r = 0; r < height; ++r)
            for (int64_t c = 0; c < width; ++c) to[r * y_row + c] = from[c * x_col + r];
        }
      }
    }
  });
}

template <class Launch>
class ElementwiseOn final : public Elementwise {
 public:
  void unary(const UnaryArgs& args) const override {
    visit_real(args.dtype, [&]<class T>(T) {
      visit_unary<T>(args.op, args.a, args.b, [&](auto function, double cost) {
        map_run<Launch, T, T>(args.loop, cost, args.x, args.y, args.accumulate, function);
      });
    });
  }

  void unary_back(const UnaryBackArgs& args) const override {
    visit_real(args.dtype, [&]<class T>(T) {
      visit_unary<T>(args.op, args.a, args.b, [&](auto function, double cost) {
        map_run<Launch, T, T, T>(args.loop, cost, args.saved, args.dy, args.dx, args.accumulate,
                                 [function](T saved, T dy) { return function.back(saved, dy); });
      });
    });
  }

  void binary(const BinaryArgs& args) const override {
    visit_real(args.dtype, [&]<class T>(T) {
      const auto run = [&](auto f) {
        map_run<Launch, T, T, T>(args.loop, 0.4, args.a, args.b, args.y, args.accumulate, f);
      };
      switch (args.op) {
        case BinaryOp::add:
          return run(Add{});
        case BinaryOp::sub:
          return run(Sub{});
        case BinaryOp::mul:
          return run(Mul{});
        case BinaryOp::div:
          return run(Div{});
        case BinaryOp::maximum:
          return run(Maximum{});
        case BinaryOp::minimum:
          return run(Minimum{});
      }
    });
  }

  void ternary(const TernaryArgs& args) const override {
    visit_real(args.dtype, [&]<class T>(T) {
      const auto run = [&](auto f) {
        map_run<Launch, T, T, T, T>(args.loop, 0.6, args.a, args.b, args.c, args.y, args.accumulate, f);
      };
      switch (args.op) {
        case TernaryOp::div_second:
          return run(DivSecond{});
        case TernaryOp::prefer_larger:
          return run(PreferLarger{});
        case TernaryOp::prefer_smaller:
          return run(PreferSmaller{});
      }
    });
  }

  void gate(const GateArgs& args) const override { run_gate<Launch>(args); }
  void gate_back(const GateBackArgs& args) const override { run_gate_back<Launch>(args); }

  void where(const WhereArgs& args) const override {
    visit_type(args.dtype, [&]<class T>(T) {
      map_run<Launch, uint8_t, T, T, T>(args.loop, 0.5, args.mask, args.a, args.b, args.y, false, Choose{});
    });
  }

  void compare(const CompareArgs& args) const override {
    visit_type(args.dtype, [&]<class T>(T) {
      if (args.op == CompareOp::equal) {
        map_run<Launch, T, T, uint8_t>(args.loop, 0.3, args.a, args.b, args.y, false, Equal{});
      } else {
        map_run<Launch, T, T, uint8_t>(args.loop, 0.3, args.a, args.b, args.y, false, Less{});
      }
    });
  }

  void finite(const FiniteArgs& args) const override {
    visit_real(args.dtype, [&]<class T>(T) {
      map_run<Launch, T, uint8_t>(args.loop, 0.3, args.x, args.y, false, IsFinite{});
    });
  }

  void copy(const CopyArgs& args) const override {
    if (args.from == args.to && args.loop.rank == 2 && args.loop.strides[0][0] == 1 &&
        args.loop.strides[1][1] == 1) {
      return copy_transposed(args);
    }
    visit_type(args.from, [&]<class From>(From) {
      visit_type(args.to, [&]<class To>(To) {
        if constexpr (converts<From, To>) {
          map_run<Launch, From, To>(args.loop, 0.3, args.x, args.y, false, Cast<To>{});
        }
      });
    });
  }

  void fill(const FillArgs& args) const override {
    visit_type(args.dtype, [&]<class T>(T) {
      const T value = Cast<T>{}(args.value);
      for_each_run<Launch>(args.loop, 0.2, [&](const int64_t* at, int64_t n) {
        write_run(static_cast<T*>(args.y) + at[0], args.loop.strides[0][args.loop.rank - 1], n, false,
                  [value](int64_t) { return value; });
      });
    });
  }

 private:
  static void copy_transposed(const CopyArgs& args) {
    visit_type(args.from, [&]<class T>(T) {
      transpose_tiles<Launch>(static_cast<const T*>(args.x), args.loop.strides[0][1], static_cast<T*>(args.y),
                              args.loop.strides[1][0], args.loop.sizes[0], args.loop.sizes[1]);
    });
  }
};

}  // namespace mosaic::kernels::MOSAIC_ISA
