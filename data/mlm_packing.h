// Packs the sentences of documents into sequences of bounded length for masked language modelling.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/core/json.h"
#include "engine/core/random.h"

namespace mosaic::data {

struct PackingOptions {
  int64_t length = 128;          // ids of a sequence at most, [CLS] and [SEP] included
  bool cross_documents = false;  // a sequence may go on with the next document, behind a [SEP]
  // A sentence that does not fit any more begins the next sequence, and only one longer than a whole sequence
  // is cut. Off: each sentence is cut where the sequence is full, which pads less.
  bool whole_sentences = true;
  // With this probability a sequence ends at a random shorter length (from 2 ids of text on), so that the
  // model meets short ones too.
  double short_sequences = 0;
  uint64_t seed = 1;  // of the short lengths
  bool operator==(const PackingOptions&) const = default;
};
json describe(const PackingOptions& options);
PackingOptions packing_options(const json& value, const std::string& where);

// What a packer did.
struct PackingCounts {
  int64_t documents = 0;      // with at least one token
  int64_t sentences = 0;      // likewise
  int64_t cut_sentences = 0;  // that go on in another sequence
  int64_t tokens = 0;         // of text, without [CLS] and [SEP]
  int64_t sequences = 0;
  bool operator==(const PackingCounts&) const = default;
};

// Sentences go in one by one, sequences come out in order: [CLS] text [SEP], not padded.
class SequencePacker {
 public:
  using Emit = std::function<void(std::span<const int32_t> sequence)>;
  // ArgumentError for options out of range (length 8 to 65,535).
  SequencePacker(const PackingOptions& options, int32_t cls, int32_t sep, Emit emit);

  void add_sentence(std::span<const int32_t> ids);  // an empty one is ignored
  void end_document();
  void finish();  // gives out what is left
  const PackingCounts& counts() const { return counts_; }

 private:
  int64_t room() const { return limit_ - static_cast<int64_t>(open_.size()); }
  void close();

  PackingOptions options_;
  int32_t cls_, sep_;
  Emit emit_;
  Generator random_;
  std::vector<int32_t> open_;  // [CLS] and the text so far
  int64_t limit_ = 0;          // ids of the open sequence before its last [SEP]
  bool boundary_ = false;      // a document ended since the last sentence
  bool in_document_ = false;   // the document has a token
  PackingCounts counts_;
};

}  // namespace mosaic::data
