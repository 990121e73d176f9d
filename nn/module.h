// Module: a tree of named parameters. One list per class, `visit`, serves names, initialisation, state dicts,
// counting, printing and filling a model with somebody else's tensors.
//
// A module made from options alone has undefined parameters of known shapes. initialise() gives it values of
// its own; assign_parameters() gives it slices or mixtures of another model's.
#pragma once

#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/tensor.h"
#include "nn/context.h"
#include "nn/init.h"

namespace mosaic::nn {

class Visitor;

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  Module(const Module&) = delete;  // a copy would share parameters unseen
  Module& operator=(const Module&) = delete;

  // Lists parameters, buffers and children in a fixed order.
  virtual void visit(Visitor& v) = 0;
  // For printing: "Linear 512 -> 2048".
  virtual std::string describe() const { return "Module"; }

  // The absolute name ("decoder.layers.3.ffn"), empty until name_modules ran over the root.
  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }

 private:
  std::string name_;
};

// A module from one tensor to one tensor.
class Layer : public Module {
 public:
  Tensor operator()(const Tensor& x, const Context& context = {}) const {
    const Scope scope(name());
    return forward(x, context);
  }

 protected:
  virtual Tensor forward(const Tensor& x, const Context& context) const = 0;
};

// One entry of a module's list, with its absolute name.
struct Slot {
  const std::string& name;
  Tensor& tensor;
  const Shape& shape;  // what the tensor must have, also while it is undefined
  const Init& init;
  bool buffer = false;  // saved but not trained
  bool made = true;     // by initialise(), with the values of init
};

// Walks a tree of modules; joins names with dots. Derived classes say what to do at each stop.
class Visitor {
 public:
  virtual ~Visitor() = default;

  void parameter(std::string_view name, Tensor& tensor, const Shape& shape, const Init& init = {});
  // Saved with the model but not trained. The first is never initialised here, the second with its
  // parameters.
  void buffer(std::string_view name, Tensor& tensor, const Shape& shape);
  void buffer(std::string_view name, Tensor& tensor, const Shape& shape, const Init& init);
  void module(std::string_view name, Module& child);
  // Children "name.0", "name.1", ...
  template <class List>
  void modules(std::string_view name, List& children) {
    size_t index = 0;
    for (auto& child : children) module(cat(name, ".", index++), child);
  }

  void walk(Module& root);

 protected:
  virtual void on_parameter(const Slot&) {}
  virtual void on_buffer(const Slot&) {}
  virtual void on_enter(const std::string& /*name*/, Module&) {}

 private:
  std::string join(std::string_view name) const;
  std::string path_;
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};
using StateDict = std::map<std::string, Tensor>;

void for_each_parameter(Module& root, const std::function<void(const Slot&)>& visit);
// Parameters and buffers: all that a state dict holds.
void for_each_saved(Module& root, const std::function<void(const Slot&)>& visit);

// Gives every module of the tree its absolute name, used in errors, graphs and traces.
void name_modules(Module& root);

// Makes and tracks every parameter, makes the buffers with an Init, and names modules and parameters. The
// stream of a parameter depends on the key of rng and the parameter's name only, so values do not depend on
// the order of construction.
void initialise(Module& root, const Generator& rng, DType dtype = f32);
// A stream of its own for the next module that is built from rng, so that two equal layers differ.
Generator next_stream(Generator& rng);

// Every parameter becomes source(name, shape); ShapeError when the shape is another. Names the modules too.
void assign_parameters(Module& root, const std::function<Tensor(const std::string&, const Shape&)>& source);

// Gives every parameter and buffer that has a value the same value on `device`; gradients are forgotten. To
// be called before an optimizer takes the parameters. GradError for parameters that are views of another
// model's.
void move(Module& root, Device device);
// Where its parameters are; the CPU when none has a value. DeviceError when they are on several devices.
Device device_of(Module& root);

// All parameters, each tensor once: of tied ones the first name stands for all. ArgumentError when one is
// undefined.
std::vector<NamedTensor> named_parameters(Module& root);

// Parameters and buffers, detached, sharing bytes with the module; tied ones once.
StateDict state_dict(const Module& root);
// A dict of its own bytes.
StateDict clone(const StateDict& dict);

enum class Strict : uint8_t { no, yes };
struct LoadReport {
  std::vector<std::string> missing;     // the module has them, the dict does not
  std::vector<std::string> unexpected;  // the other way round
};
// Copies values into the module (undefined parameters are made and tracked). Nothing is changed when it
// throws: FormatError on another shape or dtype and, when strict, on missing or unexpected names.
LoadReport load(Module& root, const StateDict& dict, Strict strict = Strict::yes);

// Elements of all parameters by their shapes; tied ones once when defined.
int64_t parameter_count(Module& root);

// The tree with shapes and counts, one line a module or parameter.
void print(std::ostream& out, Module& root);

}  // namespace mosaic::nn
