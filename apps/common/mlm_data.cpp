#include "apps/common/mlm_data.h"

#include <algorithm>
#include <array>

#include "apps/common/output.h"
#include "apps/common/prepared.h"
#include "apps/common/text.h"
#include "data/english_text.h"
#include "data/text/wordpiece_trainer.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int data_version = 1;
constexpr std::array<std::string_view, 3> source_names{"libreoffice-help", "debian-descriptions",
                                                       "anarchism"};

data::EnglishText package_text(const std::string& source, const MlmPrepareOptions& options) {
  if (source == "libreoffice-help") return data::help_text(options.root);
  if (source == "anarchism") return data::anarchism_text(options.root);
  return data::description_text(find_descriptions(options.lists, "en"));
}

using SourceTexts = std::vector<std::pair<std::string, std::string>>;  // by the source's name

SourceTexts read_sources(const MlmPrepareOptions& options) {
  const std::vector<std::string>& sources = options.sources;
  for (size_t i = 0; i < sources.size(); ++i) {
    check<UsageError>(std::find(source_names.begin(), source_names.end(), sources[i]) != source_names.end(),
                      "--source", "\"", sources[i],
                      "\" is not one of libreoffice-help, debian-descriptions, anarchism");
    check<UsageError>(std::count(sources.begin(), sources.end(), sources[i]) == 1, "--source", sources[i],
                      " is given more than once");
  }
  SourceTexts texts;
  for (const std::string& source : sources) {
    const data::EnglishText text = package_text(source, options);
    const data::EnglishTextReport& report = text.report();
    say(source, ": ", with_thousands(report.sentences), " sentences in ", with_thousands(report.documents),
        " documents (", with_thousands(report.repeated), " repeated, ", with_thousands(report.dropped),
        " short or hardly letters)");
    texts.emplace_back(source, text.text());
  }
  return texts;
}

data::WordPiece make_vocabulary(const MlmPrepareOptions& options, const SourceTexts& sources) {
  data::WordPieceOptions rules;
  rules.text.lower_case = !options.cased;
  if (!options.vocabulary_file.empty()) {
    const fs::path& given = options.vocabulary_file;
    return data::WordPiece::load(fs::is_directory(given) ? given / "vocab.txt" : given, rules);
  }
  data::WordCounts words(rules);
  for (const fs::path& file : options.texts) words.add_file(file);
  for (const auto& entry : sources) words.add(split(entry.second, '\n'));
  say("learning ", options.vocabulary, " word pieces from ", with_thousands(words.words()), " words");
  return data::train_wordpiece(words, {.vocabulary = options.vocabulary});
}

Tensor ids_of(const std::vector<int32_t>& values, const Shape& shape) {
  return Tensor::from(std::span<const int32_t>(values), shape);
}

}  // namespace

json prepare_mlm_data(const MlmPrepareOptions& options, const fs::path& out) {
  check<UsageError>(!options.texts.empty() || !options.sources.empty(), "--text",
                    "or --source is needed: files of text, or Debian packages to take it from");
  const bool exists = fs::exists(out / "data.json") || fs::exists(out / "manifest.json");
  check<UsageError>(options.corpus.overwrite || !exists, out.c_str(),
                    "holds data already: --force makes it anew");
  if (!exists && fs::exists(out) && !(fs::is_directory(out) && fs::is_empty(out)))
    throw UsageError(out.string(), "is not empty and holds no data of mosaic: choose another directory");
  // What can be refused, is so before anything of old data is touched.
  const SourceTexts sources = read_sources(options);
  const data::WordPiece wordpiece = make_vocabulary(options, sources);
  fs::remove(out / "data.json");  // written last, it vouches for the rest
  fs::create_directories(out);
  std::vector<fs::path> texts = options.texts;
  for (const auto& [source, text] : sources) {
    texts.push_back(out / "text" / (source + ".txt"));
    write_file_atomic(texts.back(), text);
  }
  wordpiece.save(out / "vocab.txt");
  data::build_mlm_corpus(texts, wordpiece, out, options.corpus, options.valid);
  const json facts = {{"format", "mosaic-mlm-data"},
                      {"version", data_version},
                      {"tokenizer",
                       {{"vocabulary", wordpiece.size()},
                        {"xxh3", wordpiece.hash()},
                        {"options", data::describe(wordpiece.options())}}},
                      {"corpus", hash_file(out / "manifest.json")}};
  save_json(out / "data.json", facts);
  return facts;
}

std::string data_kind(const fs::path& directory) {
  const fs::path path = directory / "data.json";
  check<ResourceError>(fs::exists(path), directory.c_str(),
                       "is no data directory (it has no data.json); mosaic data prepare or mosaic data mlm "
                       "makes one");
  const json facts = load_json(path);
  Fields fields(facts, path.string());
  return fields.one_of("format", {"mosaic-data", "mosaic-mlm-data"}) == "mosaic-data" ? "translation" : "mlm";
}

MlmData open_mlm_data(const fs::path& directory) {
  check<FormatError>(data_kind(directory) == "mlm", directory.c_str(),
                     "holds sentence pairs; text for BERT is made by mosaic data mlm");
  const fs::path path = directory / "data.json";
  const json facts = load_json(path);
  Fields fields(facts, path.string());
  fields.any("format");
  fields.integer("version", 1, data_version);
  Fields tokenizer(fields.object("tokenizer"), path.string() + ": tokenizer");
  tokenizer.integer("vocabulary", 1);
  const std::string expected = tokenizer.text("xxh3");
  const data::WordPieceOptions rules =
      data::wordpiece_options(tokenizer.object("options"), path.string() + ": tokenizer.options");
  tokenizer.finish();
  const std::string corpus = fields.text("corpus");
  fields.finish();
  check<FormatError>(hash_file(directory / "manifest.json") == corpus, (directory / "manifest.json").c_str(),
                     "has changed since data.json was written");
  data::WordPiece wordpiece = data::WordPiece::load(directory / "vocab.txt", rules);
  check<FormatError>(wordpiece.hash() == expected, (directory / "vocab.txt").c_str(),
                     "has changed: its hash is ", wordpiece.hash(), ", data.json says ", expected);
  return {
      .directory = directory, .wordpiece = wordpiece, .corpus = data::MlmCorpus::open(directory, wordpiece)};
}

std::string MlmData::hash() const {
  return hash_bytes(corpus.hash() + wordpiece.hash());
}

json mlm_statistics(const MlmData& data) {
  const json& manifest = data.corpus.manifest();
  return {{"vocabulary", data.wordpiece.size()},
          {"splits", {{"train", manifest["train"]}, {"valid", manifest["valid"]}}}};
}

nn::MaskedBatch to_tensors(const data::MlmBatch& batch) {
  const Shape guesses{static_cast<int64_t>(batch.targets.size())};
  return {.ids = ids_of(batch.ids, {batch.rows, batch.length}),
          .places = ids_of(batch.positions, guesses),
          .targets = ids_of(batch.targets, guesses)};
}

std::vector<nn::Batch> validation_set(const MlmData& data, const data::MaskingOptions& options,
                                      int64_t max_tokens, int64_t limit) {
  const data::MlmSequences& sequences = data.corpus.valid();
  const data::Masking masking(data.wordpiece, options);
  const int64_t count = limit > 0 ? std::min(limit, sequences.size()) : sequences.size();
  std::vector<nn::Batch> batches;
  if (count == 0) return batches;
  const int64_t rows = std::max<int64_t>(1, max_tokens / sequences.length());
  for (const std::vector<int64_t>& indices : data::batches_in_order(count, rows))
    batches.push_back(to_tensors(data::make_valid_batch(sequences, masking, indices)));
  return batches;
}

MlmUpdates::MlmUpdates(const MlmData& data, const data::MaskingOptions& masking, int64_t rows,
                       int64_t rows_per_update, const Generator& random)
    : sequences_(data.corpus.train()),
      masking_(data.wordpiece, masking),
      plan_(sequences_.size(), rows, random),
      batches_(std::max<int64_t>(1, (rows_per_update + rows - 1) / rows)),
      identity_(data.hash()) {}

std::vector<nn::Batch> MlmUpdates::next() {
  std::vector<nn::Batch> batches;
  int64_t tokens = 0;
  for (int64_t i = 0; i < batches_; ++i) {
    const data::MlmBatch batch =
        data::make_mlm_batch(sequences_, masking_, plan_.batch(position_), position_.epoch);
    tokens += batch.tokens;
    batches.push_back(to_tensors(batch));
    position_ = plan_.next(position_);
  }
  gave(tokens);
  return batches;
}

json MlmUpdates::cursor() const {
  return cursor_of(identity_, position_);
}

void MlmUpdates::seek(const json& cursor) {
  position_ = position_from(cursor, identity_, plan_.batches());
}

}  // namespace mosaic::apps
