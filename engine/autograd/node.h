// Automatic differentiation, the recording half: one Node struct for every op and every leaf.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/tensor.h"

namespace mosaic {

class GradSink;

// What a derivative rule is given: the saved tensors, the gradient of the op's result, and where to put the
// gradients of the inputs.
struct Back {
  std::span<const Tensor> saved;
  const Tensor& dy;  // same shape as the result; may be strided (a broadcast gradient has stride 0)
  GradSink& sink;
};
using BackwardRule = std::function<void(const Back&)>;

// How an op tells the engine about itself. `saved` tensors are detached on entry, so a rule that saves its
// own result makes no cycle; lambdas capture scalars only.
struct Rule {
  const char* op;
  std::vector<Tensor> inputs;
  std::vector<Tensor> saved;
  BackwardRule backward;
};

// The gradient identity of a tensor: a leaf, the result of an op, or a view whose gradient is a region of
// another's. It knows shapes and edges but never data other than `saved`.
struct Node {
  uint64_t id = 0;  // grows with creation: an op's id exceeds those of its inputs
  const char* op = "leaf";
  std::string name;  // user's or module's name of the tensor
  std::string path;  // module path when the op ran
  Shape shape;
  DType dtype = f32;
  Device device;

  std::vector<std::shared_ptr<Node>> inputs;  // null where an input was not tracked
  std::vector<Tensor> saved;
  std::vector<uint64_t> versions;  // of saved tensors' storages at record time
  BackwardRule rule;
  bool spent = false;  // swept without keep_graph

  // Set for views: this tensor's gradient is `region` applied to the gradient of inputs[0]; nothing is stored
  // here.
  std::function<Tensor(const Tensor&)> region;

  Tensor grad;                // gathered gradient (dense)
  bool grad_valid = false;    // false: grad's memory (if any) holds nothing yet
  bool grad_adopted = false;  // grad's bytes came from a rule and may be shared
  bool retain = false;
  std::vector<std::function<void(Tensor&)>> hooks;

  bool is_leaf() const { return !rule && !region; }
  bool is_view() const { return static_cast<bool>(region); }
  ~Node();  // unlinks iteratively: a chain of any length does not overflow the stack
};

// Where a gradient goes: write (first) or add to (accumulate) `tensor`, which may be row-strided or, for
// views, any layout the view has.
struct GradTarget {
  Tensor tensor;
  bool accumulate = false;
};

// Hands a rule the places for its inputs' gradients. Slices resolve to a region of the base's gradient, so
// slicing a weight never makes a full-size zero tensor.
class GradSink {
 public:
  explicit GradSink(const std::shared_ptr<Node>& node) : node_(node) {}

  bool wants(size_t input) const;
  // The place to write (accumulate = false) or add to; the rule must fill all of it.
  GradTarget target(size_t input);
  // Adds g, of the input's shape (any layout): keeps g itself when it is the first, dense and whole.
  void add(size_t input, const Tensor& g);
  // target() for kernels that write rows: calls fill(out, accumulate) with a row-strided `out`, going through
  // a temporary only when the region's layout is not. Does nothing when the input wants no gradient.
  void rows(size_t input, const std::function<void(const Tensor& out, bool accumulate)>& fill);

 private:
  const std::shared_ptr<Node>& node_;
};

// Attaches a Node to y when some input is tracked and gradients are on; otherwise returns y untouched at
// once. GradError when y has an integer dtype.
Tensor record(Rule rule, Tensor y);
// For views: y shares bytes with base, and its gradient is region(gradient of base), with no copy.
Tensor record_view(const char* op, const Tensor& base, Tensor y, std::function<Tensor(const Tensor&)> region);
// True when gradients are on and one of the tensors is tracked: lets an op skip saving.
bool wants_grad(std::initializer_list<const Tensor*> inputs);

// Whether ops record on this thread.
bool grad_enabled();

// No recording while alive (evaluation, optimizer steps). Nests.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

// Records again while alive, inside a NoGrad (a rule that runs ops of its own).
class WithGrad {
 public:
  WithGrad();
  ~WithGrad();
  WithGrad(const WithGrad&) = delete;
  WithGrad& operator=(const WithGrad&) = delete;

 private:
  bool before_;
};

// Every op name recorded since the process began, for the test that each has a gradcheck case.
std::vector<std::string> recorded_ops();

}  // namespace mosaic
