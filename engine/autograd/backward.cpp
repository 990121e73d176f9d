// The sweep: nodes in falling id order from a heap, so every consumer has delivered before a node is visited.
#include <algorithm>
#include <queue>
#include <unordered_set>

#include "engine/autograd/nan_guard.h"
#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic {
namespace {

struct ByFallingId {
  bool operator()(const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) const {
    return a->id < b->id;
  }
};

// The node that stores a gradient: the node itself, or the base under a chain of views.
std::shared_ptr<Node> root_of(std::shared_ptr<Node> node) {
  while (node->is_view()) node = node->inputs[0];
  return node;
}

// Rules may hand the same bytes to several inputs (addition does): before anybody writes, the bytes are
// copied. Memory made here stays where it is, so a rule may hold the targets of several regions of it.
void own_gradient(Node& node) {
  if (!node.grad_adopted) return;
  node.grad_adopted = false;
  if (node.grad.storage().use_count() == 1) return;
  const Tensor copy = Tensor::empty(node.shape, node.dtype, node.device);
  copy_(copy, node.grad);
  node.grad = copy;
}

Tensor gradient_memory(Node& node) {
  if (!node.grad_valid && node.grad_adopted) {  // whatever it is, others may still read it
    node.grad = {};
    node.grad_adopted = false;
  }
  if (!node.grad.defined()) node.grad = Tensor::empty(node.shape, node.dtype, node.device);
  return node.grad;
}

// The place for a gradient of `node`. A view's is a region of its base's; the base is zeroed once, when the
// first region smaller than itself is asked for.
GradTarget target_of(Node& node) {
  if (!node.is_view()) {
    const bool accumulate = node.grad_valid;
    if (accumulate && !node.is_leaf()) own_gradient(node);
    const Tensor memory = gradient_memory(node);
    node.grad_valid = true;
    return {memory, accumulate};
  }
  Node& base = *node.inputs[0];
  const bool whole = node.shape.numel() == base.shape.numel();
  GradTarget place = target_of(base);
  if (!place.accumulate && !whole) {
    fill_(place.tensor, 0);
    place.accumulate = true;
  }
  return {node.region(place.tensor), place.accumulate};
}

void check_saved(const Node& node) {
  check<GradError>(!node.spent, node.op, "backward a second time over a graph whose saved tensors were freed",
                   node.path.empty() ? "" : " (recorded in ", node.path, node.path.empty() ? "" : ")",
                   "; pass keep_graph to the first sweep");
  for (size_t i = 0; i < node.saved.size(); ++i) {
    const Tensor& saved = node.saved[i];
    check<GradError>(!saved.defined() || saved.storage()->version() == node.versions[i], node.op,
                     "saved tensor ", i, " ", saved.shape(), " was modified in place before backward",
                     node.path.empty() ? "" : ", recorded in ", node.path);
  }
}

class Sweep {
 public:
  explicit Sweep(BackwardOptions options) : options_(options) {}

  void push(const std::shared_ptr<Node>& node) {
    if (node && seen_.insert(node.get()).second) heap_.push(node);
  }

  void run() {
    const NoGrad off;
    while (!heap_.empty()) {
      const std::shared_ptr<Node> node = heap_.top();
      heap_.pop();
      visit(node);
    }
  }

 private:
  void visit(const std::shared_ptr<Node>& node) {
    if (!node->grad_valid) return;  // reached, but no rule delivered anything
    for (const auto& hook : node->hooks) {
      own_gradient(*node);
      hook(node->grad);
      check<ShapeError>(node->grad.shape() == node->shape, "on_grad", "a hook returned ", node->grad.shape(),
                        " for ", node->shape);
      node->grad = node->grad.dense();
    }
    if (node->is_leaf()) return;
    check_saved(*node);
    const Tensor dy = node->grad;
    if (!node->retain) {
      node->grad = {};
      node->grad_valid = false;
    }
    GradSink sink(node);
    const Scope scope(node->path);
    node->rule(Back{.saved = node->saved, .dy = dy, .sink = sink});
    for (const auto& input : node->inputs) {
      if (!input) continue;
      const auto root = root_of(input);
      if (NanGuard::active() && root->grad_valid) NanGuard::inspect_gradient(*node, root->grad);
      push(root);
    }
    if (!options_.keep_graph) {
      node->saved.clear();
      node->spent = true;
    }
  }

  BackwardOptions options_;
  std::priority_queue<std::shared_ptr<Node>, std::vector<std::shared_ptr<Node>>, ByFallingId> heap_;
  std::unordered_set<const Node*> seen_;
};

}  // namespace

bool GradSink::wants(size_t input) const {
  return input < node_->inputs.size() && node_->inputs[input] != nullptr;
}

GradTarget GradSink::target(size_t input) {
  check<GradError>(wants(input), node_->op, "input ", input, " wants no gradient");
  return target_of(*node_->inputs[input]);
}

void GradSink::add(size_t input, const Tensor& g) {
  if (!wants(input)) return;
  Node& node = *node_->inputs[input];
  check<ShapeError>(g.shape() == node.shape, node_->op, "gradient ", g.shape(), " for an input of ",
                    node.shape);
  const bool keeps =
      !node.is_view() && !node.is_leaf() && !node.grad_valid && g.is_dense() && g.dtype() == node.dtype;
  if (keeps) {  // shared, not copied; target_of copies before anybody adds to it
    node.grad = g.detach();
    node.grad_adopted = true;
    node.grad_valid = true;
    return;
  }
  const GradTarget place = target_of(node);
  if (place.accumulate) {
    add_(place.tensor, g);
  } else {
    copy_(place.tensor, g);
  }
}

void GradSink::rows(size_t input, const std::function<void(const Tensor&, bool)>& fill) {
  if (!wants(input)) return;
  const GradTarget place = target(input);
  if (place.tensor.is_row_strided()) return fill(place.tensor, place.accumulate);
  const Tensor whole = Tensor::empty(place.tensor.shape(), place.tensor.dtype(), place.tensor.device());
  fill(whole, false);
  if (place.accumulate) {
    add_(place.tensor, whole);
  } else {
    copy_(place.tensor, whole);
  }
}

void backward(std::span<const Tensor> outputs, std::span<const Tensor> seeds, BackwardOptions options) {
  check<GradError>(outputs.size() == seeds.size(), "backward", outputs.size(),
                   " outputs need as many seeds, got ", seeds.size());
  Sweep sweep(options);
  const NoGrad off;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    check<GradError>(y.tracked(), "backward", "output ", i, " ", y.shape(),
                     " depends on nothing that is tracked");
    Tensor seed = seeds[i];
    if (!seed.defined()) {
      check<GradError>(y.numel() == 1, "backward", "a result of ", y.shape(), " needs a seed gradient");
      seed = Tensor::full(y.shape(), 1, y.dtype(), y.device());
    }
    check<ShapeError>(seed.shape() == y.shape(), "backward", "seed ", seed.shape(), " for a result of ",
                      y.shape());
    check<DtypeError>(seed.dtype() == y.dtype(), "backward", "seed ", seed.dtype(), " for a result of ",
                      y.dtype());
    const GradTarget place = target_of(*y.node());
    if (place.accumulate) {
      add_(place.tensor, seed);
    } else {
      copy_(place.tensor, seed);
    }
    sweep.push(root_of(y.node()));
  }
  sweep.run();
}

}  // namespace mosaic
