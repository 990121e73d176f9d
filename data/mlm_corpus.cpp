#include "data/mlm_corpus.h"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "data/text/stream_hash.h"
#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::data {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "binary files are little-endian");

struct MlmSequences::File {
  std::string name;
  int fd = -1;
  int64_t sequences = 0, length = 0, tokens = 0;
  int64_t id_bytes = 2, vocabulary = 0;
  int32_t pad = 0;

  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  uint64_t record() const { return static_cast<uint64_t>(length * id_bytes); }

  // Exactly n bytes from `offset` on; the file's own position is not used, so threads do not meet.
  void read_at(char* out, size_t n, uint64_t offset) const {
    while (n > 0) {
      const ssize_t got = ::pread(fd, out, n, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw ResourceError(name, cat("cannot be read: ", std::strerror(errno)));
      if (got == 0)
        throw ResourceError(name, cat("ends at byte ", offset, "; it was cut since it was opened"));
      out += got;
      offset += static_cast<uint64_t>(got);
      n -= static_cast<size_t>(got);
    }
  }

  void check_content(const std::string& expected) const {
    StreamHash hash;
    std::vector<char> buffer(size_t{1} << 20);
    const uint64_t bytes = static_cast<uint64_t>(sequences) * record();
    for (uint64_t at = 0; at < bytes;) {
      const size_t n = static_cast<size_t>(std::min<uint64_t>(buffer.size(), bytes - at));
      read_at(buffer.data(), n, at);
      hash.add({buffer.data(), n});
      at += n;
    }
    if (hash.digits() != expected)
      throw FormatError(name, "is damaged: its content does not have the hash in the manifest");
  }
};

int64_t MlmSequences::size() const {
  return file_->sequences;
}
int64_t MlmSequences::length() const {
  return file_->length;
}
int64_t MlmSequences::tokens() const {
  return file_->tokens;
}

void MlmSequences::read(int64_t index, std::vector<int32_t>& ids) const {
  const File& file = *file_;
  check(index >= 0 && index < file.sequences, "mlm corpus", "sequence ", index, " is outside the ",
        file.sequences, " of ", file.name);
  const auto length = static_cast<size_t>(file.length);
  const uint64_t offset = static_cast<uint64_t>(index) * file.record();
  ids.resize(length);
  if (file.id_bytes == 2) {
    std::vector<uint16_t> narrow(length);
    file.read_at(reinterpret_cast<char*>(narrow.data()), length * 2, offset);
    std::copy(narrow.begin(), narrow.end(), ids.begin());
  } else {
    file.read_at(reinterpret_cast<char*>(ids.data()), length * 4, offset);
  }
  while (!ids.empty() && ids.back() == file.pad) ids.pop_back();
  for (const int32_t id : ids) {
    if (id < 0 || id >= file.vocabulary)
      throw FormatError(file.name,
                        cat("has the id ", id, " in sequence ", index, ", outside the vocabulary"));
  }
}

std::vector<int32_t> MlmSequences::read(int64_t index) const {
  std::vector<int32_t> ids;
  read(index, ids);
  return ids;
}

MlmCorpus MlmCorpus::open(const fs::path& dir, const WordPiece& wordpiece) {
  const std::string name = (dir / "manifest.json").string();
  json manifest = load_json(dir / "manifest.json");
  Fields fields(manifest, name);
  fields.one_of("format", {"mosaic-mlm-corpus"});
  fields.integer("version", 1, 1);
  Fields tokenizer(fields.object("tokenizer"), name + ": tokenizer");
  const int64_t vocabulary = tokenizer.integer("vocabulary", 1, INT32_MAX);
  const std::string vocabulary_hash = tokenizer.text("hash");
  const WordPieceOptions options =
      wordpiece_options(tokenizer.object("options"), name + ": tokenizer.options");
  tokenizer.finish();
  if (vocabulary_hash != wordpiece.hash()) {
    throw FormatError(name,
                      cat("was made with another vocabulary (", vocabulary, " tokens, ", vocabulary_hash,
                          ") than the one given (", wordpiece.size(), " tokens, ", wordpiece.hash(), ")"));
  }
  if (options != wordpiece.options()) {
    throw FormatError(name, cat("was made with other text rules: ", describe(options).dump(), " instead of ",
                                describe(wordpiece.options()).dump()));
  }
  const PackingOptions packing = packing_options(fields.object("packing"), name + ": packing");
  const int64_t id_bytes = vocabulary <= 65536 ? 2 : 4;
  fields.integer("id_bytes", id_bytes, id_bytes);
  fields.object("split");
  fields.array("sources");

  const auto side = [&](const char* which) {
    Fields entry(fields.object(which), cat(name, ": ", which));
    auto file = std::make_shared<MlmSequences::File>();
    const fs::path path = dir / cat(which, ".ids");
    file->name = path.string();
    file->length = packing.length;
    file->id_bytes = id_bytes;
    file->vocabulary = vocabulary;
    file->pad = wordpiece.pad();
    for (const char* key : {"documents", "sentences", "cut_sentences", "unknown_tokens"})
      entry.integer(key, 0);
    file->tokens = entry.integer("tokens", 0);
    file->sequences = entry.integer("sequences", 0, int64_t{1} << 40);
    const std::string hash = entry.text("xxh3");
    entry.finish();
    uint64_t bytes = 0;
    file->fd = open_regular_file(path, &bytes);
    if (bytes != static_cast<uint64_t>(file->sequences) * file->record()) {
      throw FormatError(file->name, cat("has ", bytes, " bytes, expected ",
                                        static_cast<uint64_t>(file->sequences) * file->record(), " (",
                                        file->sequences, " sequences of ", file->length, " ids)"));
    }
    file->check_content(hash);
    return MlmSequences(std::move(file));
  };
  MlmSequences train = side("train"), valid = side("valid");
  fields.finish();
  return MlmCorpus(std::move(manifest), std::move(train), std::move(valid));
}

std::string MlmCorpus::hash() const {
  return hash_bytes(cat(manifest_.at("train").at("xxh3").get<std::string>(),
                        manifest_.at("valid").at("xxh3").get<std::string>()));
}

}  // namespace mosaic::data
