// The simulator's own tests: cases, registered by the CUDA files beside this one, each of which runs kernels
// and compares what they computed with the host's arithmetic.
#pragma once

#include <string>
#include <vector>

#include "tests/gpusim/selfcheck/number.h"

namespace gpusim::selfcheck {

struct Case {
  const char* family;    // of instructions: the name of the CUDA file
  const char* name;      // the instruction, or what the kernel does
  std::string (*run)();  // the first difference in words; empty when there is none
};
// In the order of registration.
const std::vector<Case>& cases();
bool add_case(const char* family, const char* name, std::string (*run)());

// Registers std::string function() of a file that says its family.
#define KERNEL_CASE(function) const bool added_##function = add_case(family, #function, function);

// How far an approximation may be from the exact value: the larger of both. Zero: all bits are compared.
struct Tolerance {
  double relative = 0, absolute = 0;
  bool exact() const { return relative == 0 && absolute == 0; }
};

// One instruction as a function of numbers.
struct Instruction {
  std::vector<Kind> operands;
  Kind result;
  Tolerance tolerance;
  // Both over n elements: on the device, and on the host, where a tolerance makes the results doubles.
  void (*launch)(const void* const* operands, void* result, int n);
  void (*reference)(const void* const* operands, void* result, bool* specified, int n);
};
// Runs it over all pairs of special values and random ones; the first difference in words.
std::string differences(const Instruction& instruction);

// Set by references as they run.
bool& result_is_unspecified();
// For references: this result is not specified by the ISA, whatever the machine gives is right.
template <class T>
T unspecified() {
  result_is_unspecified() = true;
  return T{};
}

}  // namespace gpusim::selfcheck
