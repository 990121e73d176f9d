#include "data/dataset.h"

#include <bit>
#include <cstring>

#include "engine/core/error.h"
#include "engine/core/file.h"
#include "engine/core/parallel.h"

namespace mosaic::data {
namespace {

static_assert(std::endian::native == std::endian::little, "binary files are little-endian");

constexpr const char* format = "mosaic-examples";
constexpr int64_t version = 1;
constexpr size_t max_header = 4096;

void append(std::string& out, const std::vector<int32_t>& ids) {
  if (!ids.empty()) out.append(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(int32_t));
}

}  // namespace

std::vector<int32_t> encode_source(const Subwords& subwords, const std::string& text) {
  std::vector<int32_t> ids = subwords.encode(text);
  ids.push_back(Subwords::eos);
  return ids;
}

std::vector<Example> encode_pairs(const Subwords& subwords, const std::vector<SentencePair>& pairs) {
  std::vector<Example> examples(pairs.size());
  parallel_for(static_cast<int64_t>(pairs.size()), 256, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      examples[i] = {encode_source(subwords, pairs[i].source), encode_source(subwords, pairs[i].target)};
    }
  });
  return examples;
}

void save_examples(const std::filesystem::path& path, const std::vector<Example>& examples,
                   const ExamplesOrigin& origin) {
  std::vector<int32_t> lengths;
  int64_t ids = 0;
  for (const Example& example : examples) {
    for (const auto* side : {&example.source, &example.target}) {
      lengths.push_back(static_cast<int32_t>(side->size()));
      ids += static_cast<int64_t>(side->size());
    }
  }
  std::string body;
  append(body, lengths);
  for (const Example& example : examples) {
    append(body, example.source);
    append(body, example.target);
  }
  const json header{{"format", format},
                    {"version", version},
                    {"text", origin.text},
                    {"subwords", origin.subwords},
                    {"vocabulary", origin.vocabulary},
                    {"examples", examples.size()},
                    {"ids", ids},
                    {"hash", hash_bytes(body)}};
  write_file_atomic(path, header.dump() + "\n" + body);
}

std::vector<Example> load_examples(const std::filesystem::path& path, const ExamplesOrigin& expected) {
  const std::string bytes = read_file(path, uint64_t{1} << 34), name = path.string();
  const size_t end = std::string_view(bytes).substr(0, max_header).find('\n');
  if (end == std::string::npos)
    throw FormatError(name, "has no header line; expected a file of encoded examples");
  const json header = parse_json(std::string_view(bytes).substr(0, end), name);
  Fields fields(header, name);
  fields.one_of("format", {format});
  fields.integer("version", version, version);
  const ExamplesOrigin origin{fields.text("text"), fields.text("subwords"),
                              fields.integer("vocabulary", 1, INT32_MAX)};
  const auto count = static_cast<uint64_t>(fields.integer("examples", 0, int64_t{1} << 40));
  const auto ids = static_cast<uint64_t>(fields.integer("ids", 0, int64_t{1} << 40));
  const std::string hash = fields.text("hash");
  fields.finish();
  if (origin != expected) throw FormatError(name, "was made from another text or with other subwords");
  const std::string_view body = std::string_view(bytes).substr(end + 1);
  if (body.size() != (2 * count + ids) * sizeof(int32_t)) {
    throw FormatError(name, cat("has ", body.size(), " bytes after its header, expected ",
                                (2 * count + ids) * sizeof(int32_t)));
  }
  if (hash_bytes(body) != hash)
    throw FormatError(name, "is damaged: its content does not have the hash in its header");

  std::vector<int32_t> values(2 * count + ids);  // all lengths, then all ids
  if (!values.empty()) std::memcpy(values.data(), body.data(), body.size());
  std::vector<Example> examples(count);
  uint64_t at = 2 * count;
  for (uint64_t i = 0; i < 2 * count; ++i) {
    const int64_t length = values[i];
    const std::string place = cat(name, ": example ", i / 2);
    if (length < 1 || static_cast<uint64_t>(length) > values.size() - at)
      throw FormatError(place, cat("has the length ", length));
    const auto first = values.begin() + static_cast<int64_t>(at), last = first + length;
    for (auto id = first; id != last; ++id) {
      if (*id < 0 || *id >= origin.vocabulary)
        throw FormatError(place, cat("has the id ", *id, ", outside the vocabulary"));
    }
    if (*(last - 1) != Subwords::eos) throw FormatError(place, "does not end with eos");
    (i % 2 ? examples[i / 2].target : examples[i / 2].source).assign(first, last);
    at += static_cast<uint64_t>(length);
  }
  if (at != values.size())
    throw FormatError(name, cat("has ", values.size() - at, " ids that belong to no example"));
  return examples;
}

}  // namespace mosaic::data
