#include "apps/common/prepared.h"

#include <algorithm>

#include "apps/common/output.h"
#include "apps/common/text.h"
#include "data/cleaning.h"
#include "data/debian_corpus.h"
#include "data/text/normalize.h"
#include "engine/core/file.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

constexpr int data_version = 1;

struct Splits {
  std::vector<data::SentencePair> train, valid, test;
};

void tell(const data::ParallelReport& report) {
  detail(report.source, ", ", report.target, ": ", data::describe(report).dump());
  for (const std::string& warning : report.warnings) warn(warning);
  const int64_t dropped = report.lines - report.kept;
  if (dropped > 0)
    say(report.source, ": ", dropped, " of ", report.lines, " pairs dropped (empty, too long)");
}

std::vector<data::SentencePair> read_split(const fs::path& prefix, const PrepareOptions& options,
                                           bool training) {
  data::ParallelOptions how{.empty = training ? data::EmptyLines::drop : data::EmptyLines::keep,
                            .max_words = training ? options.max_words : 0,
                            .lines = {}};
  data::ParallelCorpus corpus =
      data::read_parallel(prefix, options.source_language, options.target_language, how);
  tell(corpus.report);
  return std::move(corpus.pairs);
}

Splits read_text(const PrepareOptions& options) {
  Splits splits;
  if (options.source == "pairs") {
    data::ParallelCorpus corpus =
        data::read_pairs_tsv(options.train, {.max_words = options.max_words, .lines = {}});
    tell(corpus.report);
    data::Split split = data::split_by_source(corpus.pairs, options.valid_size, options.test_size);
    return {std::move(split.train), std::move(split.valid), std::move(split.test)};
  }
  splits.train = read_split(options.train, options, true);
  splits.valid = read_split(options.valid, options, false);
  splits.test = read_split(options.test, options, false);
  return splits;
}

void write_text(const Splits& splits, const PrepareOptions& options, const fs::path& out) {
  json files = json::object();
  const std::pair<const char*, const std::vector<data::SentencePair>*> parts[] = {
      {"train", &splits.train}, {"valid", &splits.valid}, {"test", &splits.test}};
  for (const auto& [name, pairs] : parts) {
    data::write_parallel(out / name, options.source_language, options.target_language, *pairs);
    for (const std::string& language : {options.source_language, options.target_language}) {
      const std::string file = cat(name, ".", language);
      files[file] = {{"lines", pairs->size()}, {"xxh3", hash_file(out / file)}};
    }
  }
  save_json(out / "manifest.json", {{"format", "mosaic-corpus"},
                                    {"version", 1},
                                    {"source", options.source},
                                    {"source_version", path_text(options.train)},
                                    {"source_language", options.source_language},
                                    {"target_language", options.target_language},
                                    {"lowercase", options.lowercase},
                                    {"files", std::move(files)}});
}

void make_text(const PrepareOptions& options, const fs::path& out) {
  const data::DebianCorpusOptions corpus{.target_language = options.target_language,
                                         .valid = options.valid_size,
                                         .test = options.test_size,
                                         .package_version = "",
                                         .overwrite = true};
  const bool debian = options.source == "libreoffice-help" || options.source == "debian-descriptions";
  if (debian)
    check<UsageError>(options.source_language == "en", "--languages", options.source,
                      " has English on the source side");
  if (options.source == "libreoffice-help") data::make_debian_corpus(options.root, out, corpus);
  if (options.source == "debian-descriptions")
    data::make_description_corpus(find_descriptions(options.lists, "en"),
                                  find_descriptions(options.lists, options.target_language), out, corpus);
  if (debian && options.max_train == 0 && !options.lowercase) return;
  Splits splits;
  if (debian) {
    for (auto [name, pairs] :
         {std::pair{"train", &splits.train}, {"valid", &splits.valid}, {"test", &splits.test}})
      *pairs = data::read_parallel(out / name, options.source_language, options.target_language).pairs;
  } else {
    splits = read_text(options);
  }
  if (options.max_train > 0 && options.max_train < static_cast<int64_t>(splits.train.size()))
    splits.train.resize(static_cast<size_t>(options.max_train));
  if (options.lowercase)
    for (auto* pairs : {&splits.train, &splits.valid, &splits.test})
      for (data::SentencePair& pair : *pairs)
        pair = {data::to_lower(pair.source), data::to_lower(pair.target)};
  for (const auto& [name, pairs] : {std::pair{"valid", &splits.valid}, {"test", &splits.test}}) {
    const data::Overlap overlap = data::find_overlap(splits.train, *pairs);
    if (!overlap.warning.empty()) warn(name, ": ", overlap.warning);
  }
  write_text(splits, options, out);
}

}  // namespace

fs::path find_descriptions(const fs::path& lists, const std::string& language) {
  std::error_code error;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(lists, error)) {
    const std::string name = entry.path().filename().string();
    for (const char* ending : {"", ".gz"})
      if (name.ends_with("Translation-" + language + ending)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return fs::file_size(a) > fs::file_size(b); });
  if (!found.empty()) return found.front();
  throw ResourceError(lists.string(), cat("has no Translation-", language,
                                          " file, plain or gzip; apt-get update -o Acquire::Languages=en,",
                                          language, " -o Dir::State::Lists=DIR fetches them"));
}

json prepare_data(const PrepareOptions& options, const fs::path& out) {
  const bool exists = fs::exists(out / "data.json") || fs::exists(out / "manifest.json");
  check<UsageError>(options.overwrite || !exists, out.c_str(), "holds data already: --force makes it anew");
  if (!exists && fs::exists(out) && !fs::is_empty(out))
    throw UsageError(out.string(), "is not empty and holds no data of mosaic: choose another directory");
  fs::remove(out / "data.json");  // written last, it vouches for the rest
  make_text(options, out);

  std::vector<std::string> sentences = data::read_lines(out / cat("train.", options.source_language));
  for (std::string& line : data::read_lines(out / cat("train.", options.target_language)))
    sentences.push_back(std::move(line));
  say("learning ", options.vocabulary, " joint subwords from ", sentences.size(), " sentences");
  const data::Subwords subwords = data::Subwords::train(sentences, {.vocabulary = options.vocabulary});
  subwords.save(out / "subwords.model");

  const json facts = {{"format", "mosaic-data"},
                      {"version", data_version},
                      {"source_language", options.source_language},
                      {"target_language", options.target_language},
                      {"subwords", {{"vocabulary", subwords.size()}, {"xxh3", subwords.hash()}}},
                      {"corpus", hash_file(out / "manifest.json")}};
  save_json(out / "data.json", facts);
  return facts;
}

PreparedData open_data(const fs::path& directory) {
  const fs::path path = directory / "data.json";
  check<ResourceError>(fs::exists(path), directory.c_str(),
                       "is no data directory (it has no data.json); mosaic data prepare --out ",
                       directory.string(), " makes one");
  json facts = load_json(path);
  Fields fields(facts, path.string());
  fields.one_of("format", {"mosaic-data"});
  fields.integer("version", 1, data_version);
  std::string source = fields.text("source_language"), target = fields.text("target_language");
  for (const std::string& language : {source, target})
    check<FormatError>(!language.empty() && language.find('/') == std::string::npos, path.c_str(), "\"",
                       language, "\" is no language");
  Fields subword_fields(fields.object("subwords"), path.string() + ": subwords");
  const std::string expected = subword_fields.text("xxh3");
  subword_fields.integer("vocabulary", 1);
  subword_fields.finish();
  const std::string corpus = fields.text("corpus");
  fields.finish();
  check<FormatError>(hash_file(directory / "manifest.json") == corpus, (directory / "manifest.json").c_str(),
                     "has changed since data.json was written");
  data::check_corpus(directory);
  data::Subwords subwords = data::Subwords::load(directory / "subwords.model");
  check<FormatError>(subwords.hash() == expected, (directory / "subwords.model").c_str(),
                     "has changed: its hash is ", subwords.hash(), ", data.json says ", expected);
  return {.directory = directory,
          .source_language = std::move(source),
          .target_language = std::move(target),
          .subwords = std::move(subwords),
          .facts = std::move(facts)};
}

fs::path PreparedData::file(const std::string& split, bool source) const {
  return directory / cat(split, ".", source ? source_language : target_language);
}

std::vector<data::SentencePair> PreparedData::pairs(const std::string& split) const {
  return data::read_parallel(file(split, true), file(split, false),
                             {.empty = data::EmptyLines::keep, .lines = {}})
      .pairs;
}

std::vector<data::Example> PreparedData::examples(const std::string& split) const {
  return data::encode_pairs(subwords, pairs(split));
}

std::string PreparedData::hash() const {
  return hash_bytes(facts["corpus"].get<std::string>() + facts["subwords"]["xxh3"].get<std::string>());
}

json data_statistics(const PreparedData& prepared) {
  json out = {{"source_language", prepared.source_language},
              {"target_language", prepared.target_language},
              {"vocabulary", prepared.subwords.size()},
              {"splits", json::object()}};
  for (const char* split : {"train", "valid", "test"}) {
    const std::vector<data::SentencePair> pairs = prepared.pairs(split);
    const std::vector<data::Example> examples = data::encode_pairs(prepared.subwords, pairs);
    int64_t source_words = 0, target_words = 0, source_ids = 0, target_ids = 0, longest = 0, unknown = 0;
    for (size_t i = 0; i < pairs.size(); ++i) {
      source_words += data::count_words(pairs[i].source);
      target_words += data::count_words(pairs[i].target);
      for (const auto* side : {&examples[i].source, &examples[i].target}) {
        (side == &examples[i].source ? source_ids : target_ids) += static_cast<int64_t>(side->size());
        longest = std::max(longest, static_cast<int64_t>(side->size()));
        unknown += std::count(side->begin(), side->end(), data::Subwords::unk);
      }
    }
    out["splits"][split] = {{"pairs", pairs.size()},
                            {"source_words", source_words},
                            {"target_words", target_words},
                            {"source_subwords", source_ids},
                            {"target_subwords", target_ids},
                            {"longest", longest},
                            {"unknown", unknown}};
  }
  return out;
}

}  // namespace mosaic::apps
