// A program outside the project that uses an installed Mosaic: the README's ten lines, and a look at a space.
#include <iostream>

#include "data/data.h"
#include "engine/engine.h"
#include "mos/mos.h"
#include "nas/nas.h"
#include "nn/nn.h"

using namespace mosaic;

int main() {
  Generator rng(7);
  const Tensor x = uniform({64, 2}, -1, 1, rng);
  const Tensor y = slice(x, 1, 0, 1) * slice(x, 1, 1, 2);  // {64, 1}
  nn::MLP model({.in = 2, .hidden = 16, .out = 1}, rng);
  nn::AdamW optimizer(nn::named_parameters(model), {.lr = 1e-2});
  const double before = mean(square(model(x) - y)).item<double>();
  for (int step = 0; step < 200; ++step) {
    const Tensor loss = mean(square(model(x) - y));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  const Tensor loss = mean(square(model(x) - y));
  print_graph(std::cout, loss);
  std::cout << "loss " << before << " -> " << loss.item<double>() << '\n';
  std::cout << mos::space_named("nano").enumerate().size() << " architectures in nano\n";
  return loss.item<double>() < 0.2 * before ? 0 : 1;
}
