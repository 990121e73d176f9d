// BERT models on disk: static model directories, and supernets in run directories.
//
//   config.json        sizes, text rules, architecture, labels, hash of the weights, where it came from
//   model.safetensors  weights
//   vocab.txt          WordPiece vocabulary
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/common/model_files.h"
#include "data/text/wordpiece.h"
#include "mos/super_bert.h"

namespace mosaic::apps {

struct BertFacts {
  json arch;   // of a space's architecture, or null
  json space;  // the space, or null
  // Of a classifier: the task it was fine-tuned on ("RTE") and its labels in the order of the outputs; both
  // empty for a pretrained model, no labels for a regression.
  std::string task;
  std::vector<std::string> labels;
  json made = json::object();  // provenance: command, run, checkpoint, ...
};

// Writes the directory, config.json last. UsageError when it holds a model already and `overwrite` is not
// set, or when it holds something else.
void save_bert(const std::filesystem::path& directory, nn::Bert& model, const data::WordPiece& wordpiece,
               const BertFacts& facts, bool overwrite);

struct StaticBert {
  std::unique_ptr<nn::Bert> model;
  data::WordPiece wordpiece;
  BertFacts facts;
  std::string hash;  // of the weights
  std::string vocabulary_hash() const { return wordpiece.hash(); }
};
// A directory of ours or of Hugging Face's transformers (hf_bert.h). Checks hashes, shapes and names; warns
// about weights that are not finite.
StaticBert open_bert(const std::filesystem::path& directory);

// What a supernet run keeps besides checkpoints: supernet.json and vocab.txt.
void save_supernet_facts(const std::filesystem::path& run, const mos::SuperBert& supernet,
                         const data::WordPiece& wordpiece, const BertFacts& facts);

struct SuperBertRun {
  std::unique_ptr<mos::SuperBert> supernet;
  data::WordPiece wordpiece;
  BertFacts facts;                   // arch is null
  std::filesystem::path checkpoint;  // the folder the weights came from
  std::string hash;                  // of the weights
  std::string vocabulary_hash() const { return wordpiece.hash(); }
};
// `which`: "best", "last", or "average" (of all numbered checkpoints).
SuperBertRun open_super_bert(const std::filesystem::path& run, const std::string& which);

}  // namespace mosaic::apps
