#include "engine/autograd/inspect.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace mosaic {
namespace {

std::string bytes_text(const Node& node) {
  double bytes = 0;
  for (const Tensor& saved : node.saved) {
    if (saved.defined()) bytes += static_cast<double>(saved.numel() * size_of(saved.dtype()));
  }
  if (bytes == 0) return "";
  const char* const units[] = {"B", "kB", "MB", "GB"};
  size_t unit = 0;
  for (; bytes >= 1000 && unit < 3; ++unit) bytes /= 1000;
  std::ostringstream out;
  out.precision(3);
  out << ", saves " << bytes << ' ' << units[unit];
  return out.str();
}

// Ids in the printout: %1, %2 for results in order; leaves go by their names, or leaf1, leaf2.
std::map<const Node*, std::string> labels_of(const std::vector<const Node*>& nodes) {
  std::map<const Node*, std::string> labels;
  int results = 0, leaves = 0;
  for (const Node* node : nodes) {
    if (!node->is_leaf()) {
      labels[node] = cat('%', ++results);
    } else {
      labels[node] = node->name.empty() ? cat("leaf", ++leaves) : node->name;
    }
  }
  return labels;
}

}  // namespace

std::vector<const Node*> graph_of(const Tensor& y) {
  std::vector<const Node*> nodes, waiting;
  std::unordered_set<const Node*> seen;
  if (y.tracked()) waiting.push_back(y.node().get());
  while (!waiting.empty()) {
    const Node* node = waiting.back();
    waiting.pop_back();
    if (!seen.insert(node).second) continue;
    nodes.push_back(node);
    for (auto input = node->inputs.rbegin(); input != node->inputs.rend(); ++input) {
      if (*input) waiting.push_back(input->get());
    }
  }
  std::stable_sort(nodes.begin(), nodes.end(), [](const Node* a, const Node* b) { return a->id < b->id; });
  return nodes;
}

void print_graph(std::ostream& out, const Tensor& y) {
  const auto nodes = graph_of(y);
  const auto labels = labels_of(nodes);
  for (const Node* node : nodes) {
    if (node->is_leaf()) continue;
    out << labels.at(node) << " = " << node->op;
    for (const auto& input : node->inputs) {
      if (!input) {
        out << " -";
      } else {
        out << ' ' << labels.at(input.get());
        if (input->is_leaf()) out << input->shape;
      }
    }
    out << " -> " << node->shape << ' ' << node->dtype << bytes_text(*node);
    if (!node->path.empty()) out << "  (" << node->path << ')';
    out << '\n';
  }
}

void to_dot(std::ostream& out, const Tensor& y) {
  const auto nodes = graph_of(y);
  const auto labels = labels_of(nodes);
  std::map<const Node*, size_t> number;
  out << "digraph {\n  rankdir = BT;\n";
  for (const Node* node : nodes) {
    const size_t id = number[node] = number.size();
    out << "  n" << id << " [shape = " << (node->is_leaf() ? "ellipse" : "box") << ", label = \""
        << (node->is_leaf() ? labels.at(node) : node->op) << "\\n"
        << node->shape << "\"];\n";
    for (const auto& input : node->inputs) {
      if (input)
        out << "  n" << number.at(input.get()) << " -> n" << id
            << (node->is_view() ? " [style = dashed]" : "") << ";\n";
    }
  }
  out << "}\n";
}

}  // namespace mosaic
