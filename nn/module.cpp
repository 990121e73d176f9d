#include "nn/module.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "engine/autograd/node.h"
#include "engine/ops/ops.h"

namespace mosaic::nn {
namespace {

// Calls one function for each parameter and, when asked, each buffer.
class SlotVisitor final : public Visitor {
 public:
  SlotVisitor(const std::function<void(const Slot&)>& visit, bool buffers)
      : visit_(visit), buffers_(buffers) {}

 private:
  void on_parameter(const Slot& slot) override { visit_(slot); }
  void on_buffer(const Slot& slot) override {
    if (buffers_) visit_(slot);
  }
  const std::function<void(const Slot&)>& visit_;
  bool buffers_;
};

class NamingVisitor final : public Visitor {
  void on_enter(const std::string& name, Module& module) override { module.set_name(name); }
};

// Two tensors are tied when they are the same region of the same bytes.
class TiedSet {
 public:
  // False when the region was seen before.
  bool insert(const Tensor& tensor) {
    std::vector<int64_t> region{tensor.offset()};
    for (int axis = 0; axis < tensor.rank(); ++axis) {
      region.push_back(tensor.dim(axis));
      region.push_back(tensor.stride(axis));
    }
    return seen_.insert({tensor.storage().get(), std::move(region)}).second;
  }

 private:
  std::set<std::pair<const void*, std::vector<int64_t>>> seen_;
};

}  // namespace

std::string Visitor::join(std::string_view name) const {
  return path_.empty() ? std::string(name) : cat(path_, ".", name);
}

void Visitor::parameter(std::string_view name, Tensor& tensor, const Shape& shape, const Init& init) {
  on_parameter({join(name), tensor, shape, init});
}

void Visitor::buffer(std::string_view name, Tensor& tensor, const Shape& shape) {
  on_buffer({join(name), tensor, shape, Init{}, true, false});
}

void Visitor::buffer(std::string_view name, Tensor& tensor, const Shape& shape, const Init& init) {
  on_buffer({join(name), tensor, shape, init, true});
}

void Visitor::module(std::string_view name, Module& child) {
  const std::string outer = path_;
  path_ = join(name);
  on_enter(path_, child);
  child.visit(*this);
  path_ = outer;
}

void Visitor::walk(Module& root) {
  on_enter(path_, root);
  root.visit(*this);
}

void for_each_parameter(Module& root, const std::function<void(const Slot&)>& visit) {
  SlotVisitor(visit, false).walk(root);
}

void for_each_saved(Module& root, const std::function<void(const Slot&)>& visit) {
  SlotVisitor(visit, true).walk(root);
}

void name_modules(Module& root) {
  NamingVisitor().walk(root);
}

void initialise(Module& root, const Generator& rng, DType dtype) {
  name_modules(root);
  for_each_saved(root, [&](const Slot& slot) {
    if (!slot.made) return;
    Generator stream = rng.fork(slot.name);
    slot.tensor = make(slot.init, slot.shape, stream, dtype);
    if (slot.buffer) return;
    slot.tensor.track();
    slot.tensor.named(slot.name);
  });
}

Generator next_stream(Generator& rng) {
  return rng.fork(rng.reserve(4).counter);
}

void assign_parameters(Module& root, const std::function<Tensor(const std::string&, const Shape&)>& source) {
  name_modules(root);
  for_each_parameter(root, [&](const Slot& slot) {
    Tensor given = source(slot.name, slot.shape);
    check<ShapeError>(given.defined(), "assign_parameters", "nothing was given for ", slot.name, " ",
                      slot.shape);
    check<ShapeError>(given.shape() == slot.shape, "assign_parameters", slot.name, " must be ", slot.shape,
                      ", was given ", given.shape());
    slot.tensor = std::move(given);
  });
}

void move(Module& root, Device device) {
  std::vector<std::pair<Tensor, Tensor>> moved;  // tied tensors stay tied
  for_each_saved(root, [&](const Slot& slot) {
    if (!slot.tensor.defined() || slot.tensor.device() == device) return;
    const auto known = std::find_if(moved.begin(), moved.end(), [&](const auto& pair) {
      return pair.first.storage() == slot.tensor.storage() && pair.first.offset() == slot.tensor.offset() &&
             pair.first.shape() == slot.tensor.shape() && pair.first.strides() == slot.tensor.strides();
    });
    if (known != moved.end()) return void(slot.tensor = known->second);
    check<GradError>(slot.tensor.is_leaf(), "move", slot.name,
                     " is the result of an op and has no home of its own");
    Tensor there = slot.tensor.detach().to(device);
    if (slot.tensor.tracked()) there.track().named(slot.name);
    moved.emplace_back(slot.tensor, there);
    slot.tensor = there;
  });
}

Device device_of(Module& root) {
  std::optional<Device> found;
  for_each_parameter(root, [&](const Slot& slot) {
    if (!slot.tensor.defined()) return;
    const Device device = slot.tensor.device();
    check<DeviceError>(!found || *found == device, "device_of", slot.name, " is on ", device,
                       ", parameters before it on ", *found);
    found = device;
  });
  return found.value_or(cpu());
}

std::vector<NamedTensor> named_parameters(Module& root) {
  std::vector<NamedTensor> parameters;
  TiedSet seen;
  for_each_parameter(root, [&](const Slot& slot) {
    check<ArgumentError>(slot.tensor.defined(), "named_parameters", slot.name, " ", slot.shape,
                         " has no value yet: initialise, load or assign the model first");
    if (seen.insert(slot.tensor)) parameters.push_back({slot.name, slot.tensor});
  });
  return parameters;
}

StateDict state_dict(const Module& root) {
  StateDict dict;
  TiedSet seen;
  // visit() is not const since most of its users fill what it lists; this one reads.
  for_each_saved(const_cast<Module&>(root), [&](const Slot& slot) {
    check<ArgumentError>(slot.tensor.defined(), "state_dict", slot.name, " ", slot.shape,
                         " has no value yet");
    if (seen.insert(slot.tensor)) dict.emplace(slot.name, slot.tensor.detach());
  });
  return dict;
}

StateDict clone(const StateDict& dict) {
  StateDict copy;
  for (const auto& [name, tensor] : dict) {
    const Tensor made = empty_like(tensor);
    copy_(made, tensor);
    copy.emplace(name, made);
  }
  return copy;
}

int64_t parameter_count(Module& root) {
  int64_t count = 0;
  TiedSet seen;
  for_each_parameter(root, [&](const Slot& slot) {
    if (!slot.tensor.defined() || seen.insert(slot.tensor)) count += slot.shape.numel();
  });
  return count;
}

}  // namespace mosaic::nn
