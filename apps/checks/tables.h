// The tables that op_cases() is made of, a file a family in ops/ and nn/.
#pragma once

#include "apps/checks/op_case.h"

namespace mosaic::checks {

// ops/activation.cpp
std::vector<OpCase> activation_cases();
std::vector<OpCase> gated_unit_cases();
// ops/attention.cpp
std::vector<OpCase> attention_cases();
// ops/batch_norm.cpp
std::vector<OpCase> batch_norm_cases();
std::vector<OpCase> given_batch_norm_cases();
// ops/conv.cpp
std::vector<OpCase> conv1d_cases();
std::vector<OpCase> conv2d_cases();
// ops/elementwise.cpp
std::vector<OpCase> unary_cases();
std::vector<OpCase> binary_cases();
std::vector<OpCase> where_cases();
std::vector<OpCase> comparison_cases();
// ops/in_place.cpp
std::vector<OpCase> in_place_cases();
std::vector<OpCase> optimizer_cases();
// ops/index.cpp
std::vector<OpCase> lookup_cases();
// ops/matmul.cpp
std::vector<OpCase> matmul_cases();
std::vector<OpCase> linear_cases();
// ops/mix.cpp
std::vector<OpCase> mix_cases();
// ops/norm.cpp
std::vector<OpCase> layer_norm_cases();
std::vector<OpCase> rms_norm_cases();
// ops/pool.cpp
std::vector<OpCase> max_pool_cases();
std::vector<OpCase> average_pool_cases();
// ops/random.cpp
std::vector<OpCase> dropout_cases();
std::vector<OpCase> creation_cases();
// ops/reduce.cpp
std::vector<OpCase> axis_reduction_cases();
std::vector<OpCase> full_reduction_cases();
std::vector<OpCase> choice_cases();
// ops/sequence.cpp
std::vector<OpCase> rotary_cases();
std::vector<OpCase> cell_cases();
// ops/softmax.cpp
std::vector<OpCase> softmax_cases();
// ops/view.cpp
std::vector<OpCase> view_cases();
// ops/sizes.cpp
std::vector<OpCase> row_length_cases();
std::vector<OpCase> layer_width_cases();
std::vector<OpCase> attention_size_cases();
// nn/
std::vector<OpCase> criterion_cases();
std::vector<OpCase> grouped_attention_cases();

}  // namespace mosaic::checks
