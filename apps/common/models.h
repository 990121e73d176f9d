// Translation models on disk: static model directories, and supernets in run directories.
//
// A static model directory runs alone:
//   config.json        sizes, architecture, languages, how to decode, hash of the weights, where it came from
//   model.safetensors  weights
//   subwords.model     joint subwords
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "apps/common/model_files.h"
#include "apps/common/settings.h"
#include "data/text/subwords.h"
#include "mos/supernet.h"
#include "nn/models/transformer.h"

namespace mosaic::apps {

struct ModelFacts {
  std::string source_language, target_language;
  json arch;   // of a space's architecture, or null
  json space;  // the space, or null
  DecodingSettings decoding;
  json made = json::object();  // provenance: command, run, checkpoint, ...
};

// Writes the directory, config.json last. UsageError when it holds a model already and `overwrite` is not
// set, or when it holds something else.
void save_model(const std::filesystem::path& directory, nn::Seq2Seq& model, const data::Subwords& subwords,
                const ModelFacts& facts, bool overwrite);

struct StaticModel {
  std::unique_ptr<nn::Seq2Seq> model;
  data::Subwords subwords;
  ModelFacts facts;
  std::string hash;  // of the weights
  std::string vocabulary_hash() const { return subwords.hash(); }
};
// Checks hashes, shapes and names; warns about weights that are not finite.
StaticModel open_model(const std::filesystem::path& directory);

// What a supernet run keeps besides checkpoints: supernet.json and subwords.model.
void save_supernet_facts(const std::filesystem::path& run, const mos::Supernet& supernet,
                         const data::Subwords& subwords, const ModelFacts& facts);

struct SupernetRun {
  std::unique_ptr<mos::Supernet> supernet;
  data::Subwords subwords;
  ModelFacts facts;                  // arch is null
  std::filesystem::path checkpoint;  // the folder the weights came from
  std::string hash;                  // of the weights
  std::string vocabulary_hash() const { return subwords.hash(); }
};
// `which`: "best", "last", or "average" (of all numbered checkpoints).
SupernetRun open_supernet(const std::filesystem::path& run, const std::string& which);

}  // namespace mosaic::apps
