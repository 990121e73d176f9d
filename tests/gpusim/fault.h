// What the simulator throws when a kernel does what no GPU would forgive, or what it does not know.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace gpusim {

// A kernel's mistake: "[gpusim] kernel, block {0, 0, 0}, thread 33, kernels.cu:41 (rows.cuh:12): race in
// shared memory ...", where line 12 was inlined into line 41.
class Fault : public std::runtime_error {
 public:
  struct Place {
    std::string kernel;  // demangled
    uint32_t block[3] = {0, 0, 0};
    int64_t thread = -1;  // linear in the block; -1: a whole warp or block
    std::string file;     // of the CUDA source, by -lineinfo; empty without it
    int line = 0;
    std::string inner_file;  // of code that was inlined there; empty when there is none
    int inner_line = 0;
    bool has_block = true;  // false for what the host asked for, as a product of cuBLASLt
  };
  Fault(Place place, const std::string& what);
  const Place& place() const { return place_; }

 private:
  Place place_;
};

// PTX that the simulator does not know: "[gpusim] ptx line 120: ...". Refused when the module is read, never
// guessed.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace gpusim
