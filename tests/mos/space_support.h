// Architectures and helpers shared by the tests of spaces, costs and encodings.
#pragma once

#include <string>

#include "engine/core/error.h"
#include "mos/space.h"

namespace mosaic::mos {

// HAT's published En-De network of 208.1 ms, as named choices.
inline json hat_208() {
  return {{"encoder",
           {{"embed", 512},
            {"layers", 6},
            {"ffn", {3072, 3072, 3072, 3072, 3072, 3072}},
            {"heads", {8, 4, 8, 8, 8, 4}}}},
          {"decoder",
           {{"embed", 512},
            {"layers", 5},
            {"ffn", {2048, 2048, 3072, 3072, 3072}},
            {"self_heads", {8, 8, 8, 4, 8}},
            {"cross_heads", {4, 8, 8, 8, 8}},
            {"arbitrary", {-1, 1, 1, 1, -1}}}}};
}

// The message of the exception a call throws; empty when it throws none.
template <class F>
std::string refusal(F&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace mosaic::mos
