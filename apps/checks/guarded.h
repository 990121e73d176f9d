// Memory with bands around every block, to find kernels that write where they should not.
#pragma once

#include <string>
#include <vector>

#include "engine/core/guard.h"

namespace mosaic::checks {

// guard() for its life; not to be nested.
class Guarded {
 public:
  explicit Guarded(Device device) : device_(device) { guard(device); }
  ~Guarded() { unguard(device_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  std::vector<std::string> breaches() const { return mosaic::breaches(device_); }

 private:
  Device device_;
};

}  // namespace mosaic::checks
