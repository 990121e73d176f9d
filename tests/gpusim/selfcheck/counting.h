// Kernels whose counts are known.
#pragma once

#include <vector>

#include "tests/gpusim/simulator.h"

namespace gpusim::selfcheck {

struct Counted {
  const char* kernel;  // part of its demangled name, of its alone
  void (*run)();       // launches once and waits
  Counters want;       // instructions are left out
};
std::vector<Counted> counted_kernels();

// Launches a kernel of 96 threads with ten additions, or twenty.
void run_additions(bool twenty);

}  // namespace gpusim::selfcheck
