#include "data/text/subwords.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/core/file.h"

namespace mosaic::data {

struct Subwords::Model {
  sentencepiece::SentencePieceProcessor processor;
  std::string bytes;
};

namespace {

constexpr size_t max_text_bytes = size_t{1} << 20;

// Hands the sentences to the trainer one by one.
class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string>& sentences) : sentences_(sentences) {}
  bool done() const override { return at_ == sentences_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return sentences_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& sentences_;
  size_t at_ = 0;
};

// Reads protobuf's wire format just far enough to see that a model file is whole; the library would accept a
// file cut between two messages and can be led astray by wild lengths.
class WireReader {
 public:
  WireReader(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}
  bool done() const { return at_ == bytes_.size(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      if (at_ >= bytes_.size()) refuse("ends inside a number");
      if (shift > 63) refuse("has a number of more than ten bytes");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  }
  std::string_view chunk(uint64_t size) {
    if (size > bytes_.size() - at_)
      refuse(cat("is cut short: ", size, " bytes are announced, ", bytes_.size() - at_, " left"));
    at_ += static_cast<size_t>(size);
    return bytes_.substr(at_ - static_cast<size_t>(size), static_cast<size_t>(size));
  }
  // The next field; `number` receives a varint's value, the result is a message's or string's bytes.
  std::string_view field(uint64_t& tag, uint64_t& number) {
    const uint64_t key = varint();
    tag = key >> 3;
    number = 0;
    switch (key & 7) {
      case 0:
        number = varint();
        return {};
      case 1:
        return chunk(8);
      case 2:
        return chunk(varint());
      case 5:
        return chunk(4);
      default:
        refuse(cat("has a field of unknown kind ", key & 7));
    }
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw FormatError(origin_, cat("is not a whole SentencePiece model: it ", what, " (byte ", at_, ")"));
  }

 private:
  std::string_view bytes_;
  const std::string& origin_;
  size_t at_ = 0;
};

// The parts a model must have: pieces (1), trainer (2) and normaliser (3) settings; the trainer's vocabulary
// size (4) must be the number of pieces, which shows that none is missing.
void check_whole(std::string_view bytes, const std::string& origin) {
  WireReader reader(bytes, origin);
  uint64_t pieces = 0, wanted = 0, tag = 0, number = 0;
  bool trainer = false, normaliser = false;
  if (bytes.empty()) reader.refuse("is empty");
  while (!reader.done()) {
    const std::string_view part = reader.field(tag, number);
    pieces += tag == 1;
    normaliser |= tag == 3;
    if (tag != 2) continue;
    trainer = true;
    for (WireReader inner(part, origin); !inner.done();) {
      inner.field(tag, number);
      if (tag == 4) wanted = number;
    }
  }
  if (!trainer || !normaliser)
    reader.refuse(cat("lacks its ", trainer ? "normaliser" : "trainer", " settings"));
  if (pieces != wanted) reader.refuse(cat("announces ", wanted, " pieces and has ", pieces));
}

}  // namespace

Subwords Subwords::train(const std::vector<std::string>& sentences, const SubwordOptions& options) {
  check(!sentences.empty(), "subwords", "there is no sentence to learn from");
  check(options.vocabulary > 4 && options.vocabulary <= 1'000'000, "subwords",
        "the vocabulary must lie in 5..1000000, got ", options.vocabulary);
  for (size_t i = 0; i < sentences.size(); ++i) {
    check(sentences[i].size() <= max_sentence_bytes, "subwords", "sentence ", i + 1, " has ",
          sentences[i].size(), " bytes, at most ", max_sentence_bytes, " are allowed");
  }
  const std::unordered_map<std::string, std::string> settings{
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(options.vocabulary)},
      {"hard_vocab_limit", "true"},
      {"character_coverage", "1.0"},
      {"normalization_rule_name", "identity"},
      {"bos_id", std::to_string(bos)},
      {"pad_id", std::to_string(pad)},
      {"eos_id", std::to_string(eos)},
      {"unk_id", std::to_string(unk)},
      {"num_threads", "1"},
      {"max_sentence_length", std::to_string(max_sentence_bytes)},
      {"minloglevel", "3"}};
  std::string bytes;
  Sentences iterator(sentences);
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &iterator, &bytes);
  check(status.ok(), "subwords", "no vocabulary of ", options.vocabulary, " pieces can be learnt from ",
        sentences.size(), " sentences: ", status.ToString());
  return from_bytes(std::move(bytes), "subwords");
}

Subwords Subwords::load(const std::filesystem::path& path) {
  return from_bytes(read_file(path, uint64_t{64} << 20), path.string());
}

Subwords Subwords::from_bytes(std::string bytes, const std::string& origin) {
  check_whole(bytes, origin);
  auto model = std::make_shared<Model>();
  const auto status = model->processor.LoadFromSerializedProto(bytes);
  if (!status.ok()) throw FormatError(origin, cat("is not a SentencePiece model: ", status.ToString()));
  const auto& p = model->processor;
  if (p.bos_id() != bos || p.pad_id() != pad || p.eos_id() != eos || p.unk_id() != unk) {
    throw FormatError(origin, cat("has the special ids bos ", p.bos_id(), ", pad ", p.pad_id(), ", eos ",
                                  p.eos_id(), ", unk ", p.unk_id(), "; expected 0, 1, 2, 3"));
  }
  model->bytes = std::move(bytes);
  return Subwords(std::move(model));
}

void Subwords::save(const std::filesystem::path& path) const {
  write_file_atomic(path, model_->bytes);
}
int64_t Subwords::size() const {
  return model_->processor.GetPieceSize();
}
const std::string& Subwords::bytes() const {
  return model_->bytes;
}
std::string Subwords::hash() const {
  return hash_bytes(model_->bytes);
}

std::vector<int32_t> Subwords::encode(std::string_view text) const {
  check(text.size() <= max_text_bytes, "subwords", "the text has ", text.size(), " bytes, at most ",
        max_text_bytes, " are allowed");
  std::vector<int> ids;
  const auto status = model_->processor.Encode({text.data(), text.size()}, &ids);
  check(status.ok(), "subwords", "the text cannot be encoded: ", status.ToString());
  return {ids.begin(), ids.end()};
}

std::vector<std::string> Subwords::pieces(std::string_view text) const {
  std::vector<std::string> out;
  for (const int32_t id : encode(text)) out.push_back(piece(id));
  return out;
}

std::string Subwords::decode(std::span<const int32_t> ids) const {
  std::vector<int> known;
  for (const int32_t id : ids) {
    check(id >= 0, "subwords", "ids must be at least 0, got ", id);
    if (id != bos && id != pad && id != eos) known.push_back(id < size() ? id : unk);
  }
  std::string text;
  const auto status = model_->processor.Decode(known, &text);
  check(status.ok(), "subwords", "the ids cannot be decoded: ", status.ToString());
  return text;
}

const std::string& Subwords::piece(int32_t id) const {
  check(id >= 0 && id < size(), "subwords", "the id must lie in 0..", size() - 1, ", got ", id);
  return model_->processor.IdToPiece(id);
}

}  // namespace mosaic::data
