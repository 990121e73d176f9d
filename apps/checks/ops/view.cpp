// Views: gradients landing in the region; concat and stack; copies.
#include "apps/checks/tables.h"

namespace mosaic::checks {

std::vector<OpCase> view_cases() {
  return {
      {.name = "slice",
       .inputs = {{5, 4}},
       .run = [](const Tensors& in) { return exp(slice(in[0], 0, 1, 4)); }},
      {.name = "slice/columns",
       .inputs = {{5, 4}},
       .run = [](const Tensors& in) { return exp(slice(in[0], 1, 1, 3)); }},
      {.name = "slice/overlap",
       .inputs = {{6}},
       .run = [](const Tensors& in) { return slice(in[0], 0, 0, 4) * slice(in[0], 0, 2, 6); }},
      {.name = "leading",
       .inputs = {{5, 4, 3}},
       .run =
           [](const Tensors& in) {
             return exp(leading(in[0], {2, 4, 1}));
           }},
      {.name = "leading/of slice",
       .inputs = {{5, 6}},
       .run =
           [](const Tensors& in) {
             return square(leading(slice(in[0], 1, 2, 6), {3, 2}));
           },
       .composed = [](const Tensors& in) { return square(slice(slice(in[0], 0, 0, 3), 1, 2, 4)); }},
      {.name = "permute",
       .inputs = {{2, 3, 4}},
       .run =
           [](const Tensors& in) {
             return exp(permute(in[0], std::vector<int>{2, 0, -2}));
           }},
      {.name = "transpose",
       .inputs = {{3, 4}},
       .run = [](const Tensors& in) { return exp(transpose(in[0])); }},
      {.name = "squeeze",
       .inputs = {{3, 1, 4}},
       .run = [](const Tensors& in) { return exp(squeeze(in[0], 1)); }},
      {.name = "unsqueeze",
       .inputs = {{3, 4}},
       .run = [](const Tensors& in) { return exp(unsqueeze(in[0], -2)); }},
      {.name = "reshape",
       .inputs = {{3, 4}},
       .run =
           [](const Tensors& in) {
             return exp(reshape(in[0], {2, -1, 3}));
           }},
      {.name = "reshape/of slice",
       .inputs = {{3, 8}},
       .run =
           [](const Tensors& in) {
             return exp(reshape(slice(in[0], 1, 0, 4), {3, 2, 2}));
           },
       .composed =
           [](const Tensors& in) {
             return exp(reshape(slice(in[0], 1, 0, 4).dense(), {3, 2, 2}));
           }},
      {.name = "reshape/copies",
       .inputs = {{3, 4}},
       .run =
           [](const Tensors& in) {
             return exp(reshape(transpose(in[0]), {6, 2}));
           }},
      {.name = "expand",
       .inputs = {{3, 1}},
       .run =
           [](const Tensors& in) {
             return exp(expand(in[0], {2, 3, 4}));
           },
       .composed =
           [](const Tensors& in) {
             return exp(in[0] + zeros_like(expand(in[0], {2, 3, 4})));
           }},
      {.name = "concat",
       .inputs = {{2, 3}, {2, 1}, {2, 4}},
       .run = [](const Tensors& in) { return square(concat(in, 1)); }},
      {.name = "concat/rows",
       .inputs = {{2, 3}, {1, 3}},
       .run = [](const Tensors& in) { return square(concat(in, 0)); }},
      {.name = "stack",
       .inputs = {{2, 3}, {2, 3}},
       .run = [](const Tensors& in) { return square(stack(in, 1)); }},
      {.name = "concat/same tensor twice",
       .inputs = {{2, 3}},
       .run =
           [](const Tensors& in) {
             return concat(Tensors{in[0], in[0]}, -1);
           }},
      {.name = "slice/at the root",
       .inputs = {{4, 3}},
       .run = [](const Tensors& in) { return slice(in[0], 0, 1, 3); }},
      {.name = "dense",
       .inputs = {{4, 3}},
       .run = [](const Tensors& in) { return transpose(in[0]).dense(); }},
  };
}

}  // namespace mosaic::checks
