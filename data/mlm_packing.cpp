#include "data/mlm_packing.h"

#include <algorithm>

#include "engine/core/error.h"

namespace mosaic::data {

json describe(const PackingOptions& options) {
  return {{"length", options.length},
          {"cross_documents", options.cross_documents},
          {"whole_sentences", options.whole_sentences},
          {"short_sequences", options.short_sequences},
          {"seed", options.seed}};
}

PackingOptions packing_options(const json& value, const std::string& where) {
  Fields fields(value, where);
  PackingOptions options;
  options.length = fields.integer("length", 8, UINT16_MAX);
  options.cross_documents = fields.boolean("cross_documents");
  options.whole_sentences = fields.boolean("whole_sentences");
  options.short_sequences = fields.number("short_sequences", 0, 1);
  options.seed = static_cast<uint64_t>(fields.integer("seed", 0));
  fields.finish();
  return options;
}

SequencePacker::SequencePacker(const PackingOptions& options, int32_t cls, int32_t sep, Emit emit)
    : options_(options),
      cls_(cls),
      sep_(sep),
      emit_(std::move(emit)),
      random_(Generator(options.seed).fork("short sequences")) {
  check(options.length >= 8 && options.length <= UINT16_MAX, "packing",
        "the length of sequences must lie in 8..65535, got ", options.length);
  check(options.short_sequences >= 0 && options.short_sequences <= 1, "packing",
        "the share of short sequences must lie in 0..1, got ", options.short_sequences);
  check(options.seed <= INT64_MAX, "packing", "the seed must be below 2^63, got ", options.seed);
  close();
}

// Gives out the open sequence, if it has text, and opens the next one.
void SequencePacker::close() {
  if (open_.size() > 1) {
    open_.push_back(sep_);
    emit_(open_);
    ++counts_.sequences;
  }
  open_.assign(1, cls_);
  limit_ = options_.length - 1;
  boundary_ = false;
  if (options_.short_sequences > 0 && random_.uniform() < options_.short_sequences) {
    limit_ = 3 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(options_.length - 3)));
  }
}

void SequencePacker::add_sentence(std::span<const int32_t> ids) {
  if (ids.empty()) return;
  counts_.documents += !in_document_;
  in_document_ = true;
  ++counts_.sentences;
  counts_.tokens += static_cast<int64_t>(ids.size());
  const bool separated = boundary_ && open_.size() > 1;  // a [SEP] stands between two documents
  const auto size = static_cast<int64_t>(ids.size());
  const bool closes = options_.whole_sentences ? size + separated > room() : room() <= separated;
  if (closes && open_.size() > 1) {
    close();
  } else if (separated) {
    open_.push_back(sep_);
  }
  boundary_ = false;
  while (true) {
    const auto n = std::min<int64_t>(room(), static_cast<int64_t>(ids.size()));
    open_.insert(open_.end(), ids.begin(), ids.begin() + n);
    ids = ids.subspan(static_cast<size_t>(n));
    if (ids.empty()) break;
    counts_.cut_sentences += static_cast<int64_t>(ids.size()) + n == size;  // once a sentence
    close();
  }
}

void SequencePacker::end_document() {
  in_document_ = false;
  boundary_ = true;
  if (!options_.cross_documents) close();
}

void SequencePacker::finish() {
  end_document();
  close();
}

}  // namespace mosaic::data
