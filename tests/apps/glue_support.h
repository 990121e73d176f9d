// A small folder of GLUE tasks and small BERT directories for the tests of `mosaic finetune glue`.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mosaic::test {

// CoLA (one sentence; "good" makes it acceptable), RTE (a pair; entailed when both name the same animal) and
// STS-B (a pair; the share of common words, 0 to 5), each with train, dev and test in GLUE's columns.
void write_toy_glue(const std::filesystem::path& root, int train, int held_out);

struct ToyBert {
  int64_t width = 16, positions = 32;
  std::string task = "";                 // "" for a pretrained model
  std::vector<std::string> labels = {};  // of a fine-tuned one
  uint64_t seed = 1;
  bool broken = false;  // one weight is not a number
};
// A random model whose vocabulary has the words of the toy tasks.
void write_toy_bert(const std::filesystem::path& directory, const ToyBert& sizes = {});

}  // namespace mosaic::test
