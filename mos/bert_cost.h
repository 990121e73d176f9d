// Parameters and FLOPs of BERT architectures from sizes alone. cost.h's functions call these for "bert"
// spaces.
#pragma once

#include "mos/bert_arch.h"
#include "mos/cost.h"

namespace mosaic::mos {

// What does not depend on the architecture.
struct BertTables {
  int64_t vocabulary = 30522, positions = 512, types = 2;
};

// The count that the paper's search windows are in. It leaves out the vocabulary bias, multiplies consecutive
// bottlenecks into one map, counts 512 positions and 2 types, and gives the head's norm the last layer's
// width.
int64_t paper_bert_parameters(const BertArch& sizes, int64_t vocabulary);

// Every element of the tensors of a model with the masked-language-model head: `body` is the layers with
// their bottlenecks, `embeddings` everything else.
Parameters count_bert_parameters(const BertArch& sizes, const BertTables& tables = {},
                                 const Mixture& mixture = {});

// One sequence: `encoder` is the layers with their bottlenecks, `output` the head's dense layer and its
// product with the word table for every token.
Flops count_bert_flops(const BertArch& sizes, int64_t length, int64_t vocabulary);

}  // namespace mosaic::mos
