// Matrix products as models make them, timed beside the BLAS libraries of the machine.
#pragma once

#include <string>
#include <vector>

#include "apps/common/blas_peer.h"
#include "apps/common/in_turns.h"

namespace mosaic::apps {

// Where a model makes the product; decides which operands are read transposed.
enum class ProductKind {
  product,      // A B
  linear,       // x W^T
  linear_relu,  // relu(x W^T + bias), the epilogue fused
  input_grad,   // dy W
  weight_grad,  // dW += dy^T x
  scores,       // q k^T, of every head
  sums,         // p v, of every head
  value_grad,   // p^T dv, of every head
};

struct ProductShape {
  ProductKind kind;
  int64_t m, k, n;  // {m, k} times {k, n}
  int64_t batch = 1;

  std::string name() const;   // "linear 4096x128x512", "scores 30x32x30, 500 of them"
  double operations() const;  // two a multiply-add; bias and ReLU are not counted
};

// The products of the project's models and of the spaces it searches, of squares, and of decoding.
const std::vector<ProductShape>& product_shapes();

struct ProductTiming {
  double seconds = 0;  // median
  struct Peer {
    std::string name;
    double seconds = 0, over_ours = 0;  // median, and median of the rounds' ratios: above 1 ours is faster
  };
  std::vector<Peer> peers;
};

// On threads() threads, ours and every peer in turns; a turn lasts about `seconds_a_turn`. A peer's part of
// linear_relu is its product followed by one pass over the result. Peers whose threads are not ours are left
// out when there is more than one thread.
ProductTiming time_product(const ProductShape& shape, const std::vector<BlasPeer>& peers, int64_t rounds,
                           double seconds_a_turn, Clock clock = Clock::wall);

}  // namespace mosaic::apps
