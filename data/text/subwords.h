// Subwords: byte-pair encoding (Sennrich et al. 2016) through SentencePiece, one vocabulary for both
// languages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::data {

struct SubwordOptions {
  int64_t vocabulary = 4000;  // exactly this many pieces, the four special ones included
};

// A trained vocabulary; cheap to copy, safe to use from several threads. Text is taken as it is (no Unicode
// normalisation, every character of the training text has a piece), only runs of spaces become one.
class Subwords {
 public:
  static constexpr int32_t bos = 0, pad = 1, eos = 2, unk = 3;
  static constexpr size_t max_sentence_bytes = 1 << 16;

  // Learns from sentences. ArgumentError: no sentence, one longer than max_sentence_bytes, a vocabulary
  // smaller than the characters need or larger than the text can fill.
  static Subwords train(const std::vector<std::string>& sentences, const SubwordOptions& options = {});
  // FormatError unless a whole SentencePiece model with our special ids (bos 0, pad 1, eos 2, unk 3).
  static Subwords load(const std::filesystem::path& path);
  static Subwords from_bytes(std::string bytes, const std::string& origin);
  void save(const std::filesystem::path& path) const;  // atomic

  int64_t size() const;
  // The model file's content and its XXH3-64.
  const std::string& bytes() const;
  std::string hash() const;

  // Ids without bos and eos. ArgumentError for text longer than LineOptions allows (1 MiB).
  std::vector<int32_t> encode(std::string_view text) const;
  std::vector<std::string> pieces(std::string_view text) const;
  // The text of ids; special ids are left out, except unk and ids of padding beyond size(), which become " ⁇
  // ". ArgumentError for a negative id.
  std::string decode(std::span<const int32_t> ids) const;
  const std::string& piece(int32_t id) const;  // ArgumentError unless 0 <= id < size()

 private:
  struct Model;
  explicit Subwords(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> model_;
};

}  // namespace mosaic::data
