// What is checked of a device beside its ops: products of many sizes, memory, training, and how fast it is.
#pragma once

#include "apps/checks/op_case.h"
#include "mos/supernet.h"
#include "nn/module.h"

namespace mosaic::checks {

// Matrix products of sizes around a vector, a warp and a tile, of dense and transposed operands, f32 and f64,
// and linear with bias and ReLU, against sums written as loops on the host. The tolerance is the bound of
// rounding for a sum of that length in any order.
CaseReport check_products(Device device, Level level);
int64_t product_count(Level level);  // products that check_products makes

// Blocks of many sizes, held and given back in a drawn order, each filled with a number of its own that it
// must still hold at the end; a request that no device can serve, and that everything works after it.
CaseReport check_memory(Device device, Level level);

struct Trained {
  std::vector<double> losses, norms;  // of each update: nats a token, gradient norm
  nn::StateDict weights;
};
// Updates of a small translation supernet (space nano, sandwich, dropout, clipping) on drawn sentences.
Trained train_supernet(mos::Routing routing, int64_t updates, Device device, DType precision = f32);
// Twenty (quick: five) such updates beside the CPU's: losses within 1e-4, gradient norms within 1e-3; and a
// few twice, with the same bits. On the CPU itself: the same bits with another number of threads.
CaseReport check_training(Device device, Level level);

struct Timing {
  std::string op;            // "layer_norm {8192, 512}"
  double milliseconds = 0;   // best of several runs
  double gigabytes = 0;      // read and written a second, counted by the definition; 0 for products
  double share_of_copy = 0;  // of the device's own copies
  double teraflops = 0;      // of products
};
// Of ops that are bound by memory and of products, the device's own copy first. For devices that are not
// simulated.
std::vector<Timing> time_ops(Device device);

}  // namespace mosaic::checks
