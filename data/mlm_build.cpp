// The writing side of mlm_corpus.h.
#include <cmath>
#include <ostream>

#include "data/mlm_corpus.h"
#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "data/text/stream_hash.h"
#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t block_bytes = size_t{4} << 20;  // of text encoded at once
constexpr size_t deciding_lines = 16;            // of a document, for the split
constexpr uint64_t shares = 10'000;

// One of the two files: packs what it is given and writes records.
class Side {
 public:
  Side(const PackingOptions& packing, const WordPiece& wordpiece, std::ostream& out)
      : wordpiece_(wordpiece),
        out_(out),
        length_(static_cast<size_t>(packing.length)),
        packer_(packing, wordpiece.cls(), wordpiece.sep(), [this](auto sequence) { write(sequence); }) {}

  void add(const std::vector<int32_t>& sentence) {
    for (const int32_t id : sentence) unknown_ += id == wordpiece_.unk();
    packer_.add_sentence(sentence);
  }
  void end_document() { packer_.end_document(); }
  void finish() { packer_.finish(); }

  json describe() const {
    const PackingCounts& counts = packer_.counts();
    return {{"documents", counts.documents},
            {"sentences", counts.sentences},
            {"cut_sentences", counts.cut_sentences},
            {"unknown_tokens", unknown_},
            {"tokens", counts.tokens},
            {"sequences", counts.sequences},
            {"xxh3", hash_.digits()}};
  }
  const PackingCounts& counts() const { return packer_.counts(); }

 private:
  void write(std::span<const int32_t> sequence) {
    const bool narrow = wordpiece_.size() <= 65536;
    record_.clear();
    for (size_t i = 0; i < length_; ++i) {
      const auto id = static_cast<uint32_t>(i < sequence.size() ? sequence[i] : wordpiece_.pad());
      for (int byte = 0; byte < (narrow ? 2 : 4); ++byte)
        record_ += static_cast<char>(static_cast<unsigned char>(id >> (8 * byte)));
    }
    hash_.add(record_);
    out_ << record_;
  }

  const WordPiece& wordpiece_;
  std::ostream& out_;
  size_t length_;
  std::string record_;
  StreamHash hash_;
  int64_t unknown_ = 0;
  SequencePacker packer_;
};

// Reads files, finds the documents and hands each to its side.
class Builder {
 public:
  Builder(const WordPiece& wordpiece, const MlmCorpusOptions& options, Side& train, Side& valid)
      : wordpiece_(wordpiece),
        options_(options),
        valid_below_(static_cast<uint64_t>(std::llround(options.valid_share * static_cast<double>(shares)))),
        train_(train),
        valid_(valid) {}

  // Returns the file's entry in the manifest. `all_valid`: no split, every document is for validation.
  json add_file(const fs::path& path, bool all_valid) {
    LineReader reader(path);
    StreamHash hash;
    std::vector<std::string> block;
    size_t bytes = 0;
    for (std::string line; reader.next(line);) {
      hash.add(line);
      hash.add("\n");
      bytes += line.size() + sizeof(line);
      block.push_back(std::move(line));
      if (bytes < block_bytes) continue;
      add_block(block, all_valid);
      block.clear();
      bytes = 0;
    }
    add_block(block, all_valid);
    end_document(all_valid);
    return {{"file", path.filename().string()},
            {"lines", reader.report().lines},
            {"xxh3", hash.digits()},
            {"valid", all_valid}};
  }

 private:
  void add_block(const std::vector<std::string>& lines, bool all_valid) {
    std::vector<std::vector<int32_t>> encoded(lines.size());
    parallel_for(static_cast<int64_t>(lines.size()), 64, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        encoded[i] = wordpiece_.encode(lines[i]);
    });
    for (size_t i = 0; i < lines.size(); ++i) {
      const std::string_view text = trim(lines[i]);
      if (text.empty()) {
        end_document(all_valid);
        continue;
      }
      add_sentence(text, std::move(encoded[i]), all_valid);
      if (options_.document_end == DocumentEnd::line) end_document(all_valid);
    }
  }

  // The first sentences of a document wait until they decide its side.
  void add_sentence(std::string_view text, std::vector<int32_t> ids, bool all_valid) {
    if (side_) {
      side_->add(ids);
      return;
    }
    opening_.add(text);
    opening_.add("\n");
    waiting_.push_back(std::move(ids));
    if (waiting_.size() == deciding_lines) decide(all_valid);
  }
  void decide(bool all_valid) {
    side_ = all_valid || opening_.value() % shares < valid_below_ ? &valid_ : &train_;
    for (const auto& sentence : waiting_) side_->add(sentence);
    waiting_.clear();
    opening_.reset();
  }
  void end_document(bool all_valid) {
    if (!waiting_.empty()) decide(all_valid);
    if (side_) side_->end_document();
    side_ = nullptr;
  }

  const WordPiece& wordpiece_;
  const MlmCorpusOptions& options_;
  uint64_t valid_below_;
  Side &train_, &valid_;
  Side* side_ = nullptr;  // of the open document, once decided
  std::vector<std::vector<int32_t>> waiting_;
  StreamHash opening_;
};

void check_options(const std::vector<fs::path>& files, const fs::path& out_dir,
                   const MlmCorpusOptions& options) {
  check(!files.empty(), "mlm corpus", "no text file was given");
  check(options.valid_share >= 0 && options.valid_share < 1, "mlm corpus",
        "the share for validation must lie in 0..1 (1 excluded), got ", options.valid_share);
  check(options.overwrite || !fs::exists(out_dir / "manifest.json"), "mlm corpus", out_dir.string(),
        " already holds a corpus (manifest.json); overwriting must be asked for");
}

}  // namespace

json build_mlm_corpus(const std::vector<fs::path>& files, const WordPiece& wordpiece, const fs::path& out_dir,
                      const MlmCorpusOptions& options, const std::vector<fs::path>& valid_files) {
  check_options(files, out_dir, options);
  json manifest{{"format", "mosaic-mlm-corpus"},
                {"version", 1},
                {"tokenizer",
                 {{"vocabulary", wordpiece.size()},
                  {"hash", wordpiece.hash()},
                  {"options", describe(wordpiece.options())}}},
                {"packing", describe(options.packing)},
                {"id_bytes", wordpiece.size() <= 65536 ? 2 : 4},
                {"split",
                 {{"valid_share", options.valid_share},
                  {"document_end", options.document_end == DocumentEnd::line ? "line" : "blank_line"},
                  {"deciding_lines", deciding_lines}}},
                {"sources", json::array()}};
  // Nothing of an old corpus is touched before the new one is complete.
  write_file_atomic(out_dir / "train.ids", [&](std::ostream& train_out) {
    write_file_atomic(out_dir / "valid.ids", [&](std::ostream& valid_out) {
      Side train(options.packing, wordpiece, train_out), valid(options.packing, wordpiece, valid_out);
      Builder builder(wordpiece, options, train, valid);
      for (const fs::path& file : files) manifest["sources"].push_back(builder.add_file(file, false));
      for (const fs::path& file : valid_files) manifest["sources"].push_back(builder.add_file(file, true));
      train.finish();
      valid.finish();
      const int64_t documents = train.counts().documents + valid.counts().documents;
      check(train.counts().sequences > 0, "mlm corpus", "no text is left for training: all ", documents,
            " documents went to validation");
      check(valid.counts().sequences > 0 || (options.valid_share == 0 && valid_files.empty()), "mlm corpus",
            "none of the ", documents, " documents fell to validation by a share of ", options.valid_share,
            "; give validation files, a larger share, or 0 for no validation (documents end at ",
            options.document_end == DocumentEnd::line ? "every line" : "blank lines", ")");
      manifest["train"] = train.describe();
      manifest["valid"] = valid.describe();
    });
  });
  save_json(out_dir / "manifest.json", manifest);
  return manifest;
}

}  // namespace mosaic::data
