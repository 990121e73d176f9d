// gpusim: what nvcc made of the CUDA kernels, run on the CPU. The PTX inside the program is interpreted a
// warp (32 lanes) at a time, with checks that no GPU makes: bounds, use after free, alignment, reads of what
// was never written, races in shared and global memory, divergent barriers and warp collectives. cudart.cpp
// puts CUDA's runtime on top, cublaslt.cpp and cudnn.cpp a cuBLASLt and a cuDNN of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/gpusim/fault.h"

namespace gpusim {

struct Extent {
  uint32_t x = 1, y = 1, z = 1;
};

// One launch. The arguments are copied, so that it may run later.
struct Launch {
  const void* function = nullptr;  // the host's handle
  Extent grid, block;
  size_t dynamic_shared = 0;  // bytes
  std::vector<std::byte> arguments;
};

// Blocks and warps run in this order; a right kernel gives the same result in each.
enum class Order { forward, reverse, shuffled };

struct Options {
  bool checks = true;  // races and unwritten reads; bounds and alignment are always checked
  Order order = Order::forward;
  uint64_t seed = 1;      // of the shuffled order
  int workers = 0;        // threads that run blocks; 0: as many as cores
  bool deferred = false;  // streams run only when something waits for them
};
// Read from the environment once: GPUSIM_CHECKS=0, GPUSIM_ORDER=forward|reverse|shuffled, GPUSIM_SEED,
// GPUSIM_WORKERS, GPUSIM_DEFERRED=1. Tests may change it between launches.
Options& options();
// What the environment says now; std::invalid_argument for values that these variables do not take.
Options options_from_environment();

// What a kernel did, summed over its launches.
struct Counters {
  uint64_t launches = 0, warp_instructions = 0, lane_instructions = 0;
  uint64_t global_requests = 0, global_sectors = 0;  // sectors of 32 bytes
  uint64_t global_bytes = 0;                         // asked for by lanes
  uint64_t shared_requests = 0, bank_conflicts = 0;  // conflicts: passes beyond the first
  uint64_t local_accesses = 0;
  // Distinct bytes of global memory that the launches touched, each at its first use: what caches at their
  // best would move. Counted with `checks`.
  uint64_t touched_bytes = 0;
};
// By the kernel's demangled name. reset_counters() forgets.
const std::map<std::string, Counters>& counters();
void reset_counters();

// A fat binary as nvcc registers it (the wrapper): reads its PTX. Unsupported for what is not known.
void register_fat_binary(const void* wrapper);
void register_function(const void* handle, const char* name);
void register_variable(const void* handle, const char* name, size_t bytes);

// Bytes of the parameters of a kernel, one after another with their alignment: where each argument goes.
struct Parameter {
  size_t offset, size;
};
// Null when there is no such kernel.
const std::vector<Parameter>* parameters_of(const void* function);
size_t static_shared_of(const void* function);  // bytes
// Where a __device__ or __constant__ variable lies, or null.
void* address_of(const void* variable);

// Runs it to its end on this machine. Fault for a mistake of the kernel. The launch's sizes are taken as
// valid.
void run(const Launch& launch);

// The parts of cuBLASLt and cuDNN that the backend uses, computed on the CPU by the documented contract; null
// for other names. Where cuDNN's headers are missing, so is the second.
void* cublaslt_symbol(const char* name);
void* cudnn_symbol(const char* name);

}  // namespace gpusim
