// Looking at the recorded graph: as text, as a picture.
#pragma once

#include <ostream>
#include <vector>

#include "engine/autograd/node.h"

namespace mosaic {

// The nodes a tensor depends on, inputs before results (by id); views included. Empty when not tracked.
std::vector<const Node*> graph_of(const Tensor& y);

// One line a node: "%3 = linear %1 l1.weight{16, 2} -> {64, 16} f32, saves 8.2 kB  (l1)".
void print_graph(std::ostream& out, const Tensor& y);

// The graph in Graphviz' DOT language: boxes are ops, ellipses leaves, dashed edges views.
void to_dot(std::ostream& out, const Tensor& y);

}  // namespace mosaic
