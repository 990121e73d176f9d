// Where an instruction stands in the CUDA source.
#pragma once

#include <map>
#include <string_view>
#include <tuple>

#include "tests/gpusim/syntax.h"

namespace gpusim {

// Which lines of the user's an inlined instruction belongs to.
class SourceMap {
 public:
  // Reads the .file directives, which stand behind the code that names their numbers.
  explicit SourceMap(std::string_view text);
  // A .loc directive, inlined at `parent` ({0, 0, 0}: not inlined).
  using Location = std::tuple<int, int, int>;  // file, line, column
  SourceLine locate(Location location, Location parent);

 private:
  std::map<int, bool> is_toolkit_;
  std::map<Location, Location> parents_;
};

}  // namespace gpusim
