// Kernels with a planted mistake, each with a repaired twin.
#pragma once

#include <string>
#include <vector>

namespace gpusim::selfcheck {

struct Bug {
  const char* name;   // of its kernel, and in the comments "BUG name" at the lines that may be blamed
  const char* words;  // a regular expression that the report has to match, in lower case
  void (*run)(bool repaired);                // launches and waits; reports are exceptions
  int first_thread = 0, last_thread = 1023;  // that may be blamed
  int block = -1;                            // to be blamed; -1: any
};

// With the file that it stands in.
struct PlantedBug : Bug {
  const char* file;
};
// In the order of registration.
const std::vector<PlantedBug>& planted_bugs();
bool plant(const char* file, std::vector<Bug> bugs);

}  // namespace gpusim::selfcheck
