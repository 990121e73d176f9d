#include "tests/gpusim/fault.h"

#include <utility>

namespace gpusim {
namespace {

std::string text_of(const Fault::Place& place, const std::string& what) {
  std::string text = "[gpusim] " + place.kernel;
  if (place.has_block) {
    text += ", block {" + std::to_string(place.block[0]) + ", " + std::to_string(place.block[1]) + ", " +
            std::to_string(place.block[2]) + "}";
  }
  if (place.thread >= 0) text += ", thread " + std::to_string(place.thread);
  if (!place.file.empty()) text += ", " + place.file + ":" + std::to_string(place.line);
  if (!place.inner_file.empty())
    text += " (" + place.inner_file + ":" + std::to_string(place.inner_line) + ")";
  return text + ": " + what;
}

}  // namespace

Fault::Fault(Place place, const std::string& what)
    : std::runtime_error(text_of(place, what)), place_(std::move(place)) {}

}  // namespace gpusim
