// What the engine does while somebody measures: multiply-adds of products, time inside CPU kernels.
#pragma once

#include <atomic>
#include <cstdint>

namespace mosaic {

struct Metered {
  // Of matrix products, attention and convolutions, forward and backward, as defined: what a kernel computes
  // again does not count, nor keys that a causal query does not see; padding and recomputed layers do.
  int64_t multiply_adds = 0;
  int64_t launches = 0;       // of CPU kernels
  double kernel_seconds = 0;  // between start and end of these, on the threads that started them
};

// Counts for the whole process while it lives. Without one the engine looks at a flag and goes on.
class Meter {
 public:
  // ArgumentError while another one lives.
  Meter();
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  Metered read() const;  // since the beginning
};

namespace metering {

extern std::atomic<bool> on;
void add_products(int64_t multiply_adds);

// The time of one kernel, from construction to destruction. Spans inside a span or inside a parallel loop's
// piece are part of it.
class KernelSpan {
 public:
  KernelSpan() {
    if (on.load(std::memory_order_relaxed)) begin();
  }
  ~KernelSpan() {
    if (begun_) end();
  }
  KernelSpan(const KernelSpan&) = delete;
  KernelSpan& operator=(const KernelSpan&) = delete;

 private:
  void begin();
  void end() const;
  bool begun_ = false;
  int64_t start_ = 0;  // nanoseconds
};

// To be called where an op makes a product.
inline void count_products(int64_t multiply_adds) {
  if (on.load(std::memory_order_relaxed)) add_products(multiply_adds);
}

}  // namespace metering
}  // namespace mosaic
