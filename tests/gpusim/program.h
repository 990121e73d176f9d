// Decoded PTX: instructions with their handlers and their operands' places in a warp's register file.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/gpusim/simulator.h"
#include "tests/gpusim/syntax.h"

namespace gpusim {

struct Warp;
struct Instruction;
struct Module;
using LaneMask = uint32_t;  // a bit per lane of a warp
constexpr int lanes_per_warp = 32;
constexpr LaneMask all_lanes = ~LaneMask{0};

// Executes the instruction for the given lanes of the warp, at least one.
using Handler = void (*)(Warp&, const Instruction&, LaneMask);

enum class Control : uint8_t {
  none,
  branch,
  branch_table,
  exit,
  barrier,
  collective,  // of the lanes of a mask, which must all have arrived
  call,
};

// Registers are named by the offset of their first lane in the register file, in words of 4 bytes; a lane of
// a 64-bit register takes two. Predicates are named by their number.
struct Instruction {
  Handler handler = nullptr;
  Control control = Control::none;
  Space space = Space::generic;
  bool wide_address = false;  // the address register has 64 bits
  bool flag = false;          // what it means is the handler's affair; so with `variant`
  uint8_t count = 1;          // elements of a vector
  uint8_t element_bytes = 4;  // of a memory access
  uint16_t variant = 0;
  LaneMask guard_flip = 0;
  int32_t guard = -1;  // predicate
  std::array<int32_t, 4> d = {-1, -1, -1, -1};
  std::array<int32_t, 10> s = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  int32_t address = -1;         // register
  int32_t members = -1;         // register with the lane mask of a collective; -1: all
  uint32_t target = 0;          // of a branch
  uint32_t slot = 0;            // number among the accesses to memory
  int64_t offset = 0;           // of the address
  const void* extra = nullptr;  // a Call or a BranchTable
  SourceLine source;
};

struct BranchTable {
  std::vector<uint32_t> targets;
};

struct Function;
struct Call {
  std::string name;
  int result = -1;  // offsets among the caller's parameter bytes
  std::vector<int> arguments;
  const Function* function = nullptr;  // null: one that the simulator provides
};

// What a special register holds; filled in when a warp begins.
enum class Special {
  tid_x,
  tid_y,
  tid_z,
  ntid_x,
  ntid_y,
  ntid_z,
  ctaid_x,
  ctaid_y,
  ctaid_z,
  nctaid_x,
  nctaid_y,
  nctaid_z,
  laneid,
  warpid,
  nwarpid,
  smid,
  nsmid,
  gridid,
  lanemask_eq,
  lanemask_lt,
  lanemask_le,
  lanemask_gt,
  lanemask_ge,
  dynamic_smem_size,
  total_smem_size,
  count_
};

struct Constant {
  int32_t place = 0;
  bool wide = false;
  uint64_t value = 0;
  enum class Base { none, dynamic_shared, local_frame } base = Base::none;
};

struct Function {
  const Module* module = nullptr;
  std::string name;  // mangled
  std::string demangled;
  bool is_kernel = false;
  std::vector<Instruction> code;
  std::vector<Parameter> parameters;  // of a kernel
  size_t parameter_bytes = 0;         // of a kernel's arguments
  // Bytes per lane for the parameters of a .func and of the calls that the function makes.
  size_t call_bytes = 0;
  std::vector<Parameter> inputs;  // of a .func, within these
  Parameter result{0, 0};
  uint32_t register_words = 0, predicates = 0, slots = 0;
  std::vector<Constant> constants;
  std::vector<int32_t> true_predicates;
  std::array<int32_t, static_cast<size_t>(Special::count_)> specials;
  size_t static_shared = 0, local_bytes = 0;
  bool has_fence = false;
  // Its result depends on the order of its blocks: float additions or exchanges.
  bool orders_matter = false;
  size_t local_stack_bytes = 0;  // of the function and of the deepest calls that it makes, a lane
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<std::unique_ptr<BranchTable>> branch_tables;
  Function() { specials.fill(-1); }
};

struct Module {
  std::map<int, std::string> files;
  std::map<std::string, std::unique_ptr<Function>> functions;
  std::map<std::string, Variable> shared;  // declared outside of functions
  std::map<std::string, size_t> shared_offsets;
  size_t shared_bytes = 0;
  std::map<std::string, void*> globals;
};

// Reads one PTX text: Unsupported for what is not known.
std::unique_ptr<Module> read_module(const std::string& text);

}  // namespace gpusim
