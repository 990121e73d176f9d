// load() and print(): the longer helpers of module.h.
#include <algorithm>
#include <set>

#include "engine/autograd/node.h"
#include "engine/core/json.h"
#include "engine/ops/ops.h"
#include "nn/module.h"

namespace mosaic::nn {
namespace {

// "a, b, c and 7 more", each with the nearest name of the other side when one is near.
std::string listed(const std::vector<std::string>& names, const std::vector<std::string>& others) {
  std::string text;
  const size_t shown = std::min<size_t>(names.size(), 3);
  for (size_t i = 0; i < shown; ++i) {
    text += (i ? ", " : "") + names[i];
    const std::string near = nearest(names[i], others);
    if (!near.empty()) text += cat(" (did you mean ", near, "?)");
  }
  if (names.size() > shown) text += cat(" and ", names.size() - shown, " more");
  return text;
}

// Of tied parameters a dict holds one name; the others count as present when any of their group is.
std::set<std::string> covered_names(Module& root, const StateDict& dict) {
  std::map<std::pair<const void*, int64_t>, std::vector<std::string>> groups;
  std::set<std::string> covered;
  for_each_saved(root, [&](const Slot& slot) {
    if (dict.contains(slot.name)) covered.insert(slot.name);
    if (slot.tensor.defined()) {
      groups[{slot.tensor.storage().get(), slot.tensor.offset()}].push_back(slot.name);
    }
  });
  for (const auto& [region, names] : groups) {
    const bool any =
        std::any_of(names.begin(), names.end(), [&](const auto& name) { return dict.contains(name); });
    if (any) covered.insert(names.begin(), names.end());
  }
  return covered;
}

class Printer final : public Visitor {
 public:
  explicit Printer(std::ostream& out) : out_(out) {}

 private:
  void on_enter(const std::string& name, Module& module) override {
    line(name);
    out_ << (name.empty() ? "" : ": ") << module.describe() << ", " << parameter_count(module)
         << " parameters\n";
    open_.push_back(name);
  }
  void on_parameter(const Slot& slot) override {
    line(slot.name);
    out_ << " " << slot.shape << (slot.tensor.defined() ? "" : " (no value yet)") << "\n";
  }
  void on_buffer(const Slot& slot) override {
    line(slot.name);
    out_ << " " << slot.shape << " buffer\n";
  }
  // Two spaces a level, then what the name adds to that of the module around it.
  void line(const std::string& name) {
    const auto inside = [&](const std::string& outer) {
      return outer.empty() || name.starts_with(outer + ".");
    };
    while (!open_.empty() && !inside(open_.back())) open_.pop_back();
    out_ << std::string(2 * open_.size(), ' ');
    const size_t shared = open_.empty() || open_.back().empty() ? 0 : open_.back().size() + 1;
    out_ << name.substr(shared);
  }
  std::vector<std::string> open_;
  std::ostream& out_;
};

}  // namespace

LoadReport load(Module& root, const StateDict& dict, Strict strict) {
  LoadReport report;
  std::vector<std::string> known, given;
  const std::set<std::string> covered = covered_names(root, dict);
  std::set<std::string> names;
  for_each_saved(root, [&](const Slot& slot) {
    names.insert(slot.name);
    known.push_back(slot.name);
    if (!covered.contains(slot.name)) report.missing.push_back(slot.name);
    const auto found = dict.find(slot.name);
    if (found == dict.end()) return;
    check<FormatError>(found->second.shape() == slot.shape, "load", slot.name, " must be ", slot.shape,
                       ", the file has ", found->second.shape());
    check<FormatError>(!slot.tensor.defined() || slot.tensor.dtype() == found->second.dtype(), "load",
                       slot.name, " must be ", slot.tensor.defined() ? slot.tensor.dtype() : f32,
                       ", the file has ", found->second.dtype());
  });
  for (const auto& [name, tensor] : dict) {
    given.push_back(name);
    if (!names.contains(name)) report.unexpected.push_back(name);
  }
  if (strict == Strict::yes) {
    check<FormatError>(report.missing.empty(), "load", report.missing.size(), " of ", known.size(),
                       " tensors are missing: ", listed(report.missing, report.unexpected));
    check<FormatError>(report.unexpected.empty(), "load", report.unexpected.size(),
                       " tensors are not of this model: ", listed(report.unexpected, known));
  }
  const NoGrad quiet;
  for_each_saved(root, [&](const Slot& slot) {
    const auto found = dict.find(slot.name);
    if (found == dict.end()) return;
    if (!slot.tensor.defined()) {
      slot.tensor = empty_like(found->second);
      if (!slot.buffer) slot.tensor.track().named(slot.name);
    }
    copy_(slot.tensor, found->second);
  });
  name_modules(root);
  return report;
}

void print(std::ostream& out, Module& root) {
  Printer(out).walk(root);
}

}  // namespace mosaic::nn
