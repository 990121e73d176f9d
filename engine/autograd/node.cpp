#include "engine/autograd/node.h"

#include <atomic>
#include <mutex>
#include <set>

#include "engine/autograd/nan_guard.h"

namespace mosaic {
namespace {

std::set<std::string>& all_recorded_ops() {
  static std::set<std::string> ops;
  return ops;
}

std::atomic<uint64_t> next_id{1};
thread_local bool enabled = true;

// Op names are string literals: the set is keyed by pointer first, so the lock is taken once per call site.
void note_op(const char* op) {
  thread_local std::set<const char*> seen_here;
  if (!seen_here.insert(op).second) return;
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  all_recorded_ops().insert(op);
}

std::shared_ptr<Node> node_for(const char* op, const Tensor& y) {
  auto node = std::make_shared<Node>();
  node->id = next_id++;
  node->op = op;
  node->path = Scope::path();
  node->shape = y.shape();
  node->dtype = y.dtype();
  node->device = y.device();
  note_op(op);
  return node;
}

}  // namespace

std::vector<std::string> recorded_ops() {
  return {all_recorded_ops().begin(), all_recorded_ops().end()};
}

bool grad_enabled() {
  return enabled;
}
NoGrad::NoGrad() : before_(enabled) {
  enabled = false;
}
NoGrad::~NoGrad() {
  enabled = before_;
}
WithGrad::WithGrad() : before_(enabled) {
  enabled = true;
}
WithGrad::~WithGrad() {
  enabled = before_;
}

bool wants_grad(std::initializer_list<const Tensor*> inputs) {
  if (!enabled) return false;
  for (const Tensor* input : inputs) {
    if (input->tracked()) return true;
  }
  return false;
}

Tensor record(Rule rule, Tensor y) {
  if (!enabled) return y;
  bool tracked = false;
  for (const Tensor& input : rule.inputs) tracked = tracked || input.tracked();
  if (!tracked) return y;
  check<GradError>(is_float(y.dtype()), rule.op, "a result of dtype ", y.dtype(), " cannot be tracked");
  check<GradError>(rule.backward != nullptr, rule.op, "has no derivative, but an input is tracked");
  auto node = node_for(rule.op, y);
  for (const Tensor& input : rule.inputs) node->inputs.push_back(input.node());
  for (const Tensor& saved : rule.saved) {
    node->versions.push_back(saved.defined() ? saved.storage()->version() : 0);
    node->saved.push_back(saved.detach());
  }
  node->rule = std::move(rule.backward);
  if (NanGuard::active()) NanGuard::inspect_result(*node, y);
  y.set_node(std::move(node));
  return y;
}

Tensor record_view(const char* op, const Tensor& base, Tensor y,
                   std::function<Tensor(const Tensor&)> region) {
  if (!enabled || !base.tracked()) return y;
  auto node = node_for(op, y);
  node->inputs.push_back(base.node());
  node->region = std::move(region);
  y.set_node(std::move(node));
  return y;
}

Node::~Node() {
  // Take over the inputs of every node that dies with this one instead of recursing into its destructor.
  std::vector<std::shared_ptr<Node>> doomed = std::move(inputs);
  while (!doomed.empty()) {
    const std::shared_ptr<Node> node = std::move(doomed.back());
    doomed.pop_back();
    if (node && node.use_count() == 1) {
      for (auto& input : node->inputs) doomed.push_back(std::move(input));
      node->inputs.clear();
    }
  }
}

}  // namespace mosaic
