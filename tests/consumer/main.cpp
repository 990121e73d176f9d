// A program outside the project that uses an installed Mosaic.
#include <iostream>

#include "data/data.h"
#include "engine/engine.h"
#include "mos/mos.h"
#include "nas/nas.h"
#include "nn/nn.h"

int main() {
  mosaic::Tensor w = mosaic::Tensor::full({3, 2}, 0.5);
  w.track();
  const mosaic::Tensor x = mosaic::Tensor::full({4, 2}, 1.0);
  mosaic::mean(mosaic::square(mosaic::linear(x, w))).backward();
  std::cout << w.grad() << '\n';
  return w.grad().values().size() == 6 ? 0 : 1;
}
