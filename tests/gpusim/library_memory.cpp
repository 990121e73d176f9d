#include "tests/gpusim/library_memory.h"

#include "tests/gpusim/fault.h"
#include "tests/gpusim/memory.h"
#include "tests/gpusim/simulator.h"

namespace gpusim {

void library_fault(const char* function, const std::string& what) {
  Fault::Place place;
  place.kernel = function;
  place.has_block = false;
  throw Fault(place, what);
}

void require_live(const char* function, const std::string& name, const void* data, size_t bytes) {
  const Allocation* a = Memory::device().find(data);
  if (a && a->contains(data, bytes)) return;
  library_fault(function, name + " takes " + std::to_string(bytes) + " bytes, which " +
                              (a ? "reach beyond the allocation" : "begin in no live device memory"));
}

void require_written(const char* function, const std::string& name, const void* data, size_t bytes) {
  if (!options().checks) return;
  const auto* hole = static_cast<const std::byte*>(Memory::device().first_unwritten(data, bytes));
  if (!hole) return;
  const Allocation* a = Memory::device().find(data);
  library_fault(function,
                name + " was never written at byte " + std::to_string(hole - a->data) + " of its allocation");
}

}  // namespace gpusim
