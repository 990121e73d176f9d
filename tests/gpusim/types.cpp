#include "tests/gpusim/types.h"

#include <array>

namespace gpusim {
namespace {

enum class Family { predicate, bits, natural, integer, real };
struct Row {
  std::string_view name;
  Type type;
  int bits;
  Family family;
};
constexpr std::array rows = {
    Row{"pred", Type::pred, 1, Family::predicate}, Row{"b8", Type::b8, 8, Family::bits},
    Row{"b16", Type::b16, 16, Family::bits},       Row{"b32", Type::b32, 32, Family::bits},
    Row{"b64", Type::b64, 64, Family::bits},       Row{"b128", Type::b128, 128, Family::bits},
    Row{"u8", Type::u8, 8, Family::natural},       Row{"u16", Type::u16, 16, Family::natural},
    Row{"u32", Type::u32, 32, Family::natural},    Row{"u64", Type::u64, 64, Family::natural},
    Row{"s8", Type::s8, 8, Family::integer},       Row{"s16", Type::s16, 16, Family::integer},
    Row{"s32", Type::s32, 32, Family::integer},    Row{"s64", Type::s64, 64, Family::integer},
    Row{"f16", Type::f16, 16, Family::real},       Row{"f16x2", Type::f16x2, 32, Family::real},
    Row{"bf16", Type::bf16, 16, Family::real},     Row{"bf16x2", Type::bf16x2, 32, Family::real},
    Row{"tf32", Type::tf32, 32, Family::real},     Row{"f32", Type::f32, 32, Family::real},
    Row{"f64", Type::f64, 64, Family::real},
};
const Row& row_of(Type type) {
  return rows[static_cast<size_t>(type)];
}

}  // namespace

std::optional<Type> type_named(std::string_view name) {
  for (const Row& row : rows) {
    if (row.name == name) return row.type;
  }
  return std::nullopt;
}
int bits_of(Type type) {
  return row_of(type).bits;
}
bool is_signed(Type type) {
  return row_of(type).family == Family::integer;
}
bool is_float(Type type) {
  return row_of(type).family == Family::real;
}

}  // namespace gpusim
