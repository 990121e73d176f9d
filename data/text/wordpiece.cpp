#include "data/text/wordpiece.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "data/text/lines.h"
#include "data/text/normalize.h"
#include "data/text/stream_hash.h"
#include "engine/core/error.h"

namespace mosaic::data {
namespace {

constexpr std::array<std::string_view, 5> special_tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
constexpr std::string_view prefix = "##";
constexpr uint64_t max_token_bytes = 4096;

bool is_inside_character(char c) {  // a byte of a character that is not its first
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !is_inside_character(c); });
}

}  // namespace

struct WordPiece::Model {
  std::vector<std::string> tokens;
  std::unordered_map<std::string_view, int32_t> ids;    // every token; views into `tokens`
  std::unordered_map<std::string_view, int32_t> inner;  // "##..." by what follows the prefix
  std::array<int32_t, special_tokens.size()> special{};
  size_t longest = 0;  // bytes of the longest token
  WordPieceOptions options;
  std::string hash;
};

json describe(const WordPieceOptions& options) {
  return {{"lower_case", options.text.lower_case},
          {"strip_accents", options.text.strips_accents()},
          {"split_chinese", options.text.split_chinese},
          {"max_word_characters", options.max_word_characters}};
}

WordPieceOptions wordpiece_options(const json& value, const std::string& where) {
  Fields fields(value, where);
  WordPieceOptions options;
  options.text.lower_case = fields.boolean("lower_case");
  options.text.strip_accents = fields.boolean("strip_accents");
  options.text.split_chinese = fields.boolean("split_chinese");
  options.max_word_characters = fields.integer("max_word_characters", 1, 1 << 20);
  fields.finish();
  return options;
}

std::pair<int64_t, int64_t> longest_first(int64_t first, int64_t second, int64_t room) {
  const bool swapped = first > second;
  int64_t shorter = std::min(first, second), longer = std::max(first, second);
  if (shorter + longer > room) {
    longer = std::max(shorter, room - shorter);
    if (shorter + longer > room) {
      shorter = room / 2;
      longer = room - shorter;
    }
  }
  return swapped ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

WordPiece WordPiece::load(const std::filesystem::path& path, const WordPieceOptions& options) {
  return from_tokens(read_lines(path, {.max_line_bytes = max_token_bytes, .max_bytes = uint64_t{1} << 30}),
                     options, path.string());
}

WordPiece WordPiece::from_tokens(std::vector<std::string> tokens, const WordPieceOptions& options,
                                 const std::string& origin) {
  check(options.max_word_characters >= 1, "wordpiece", "max_word_characters must be at least 1, got ",
        options.max_word_characters);
  if (tokens.size() > max_tokens)
    throw FormatError(origin, cat("has ", tokens.size(), " tokens, at most ", max_tokens, " are allowed"));
  auto model = std::make_shared<Model>();
  model->tokens = std::move(tokens);
  model->options = options;
  StreamHash hash;
  for (size_t i = 0; i < model->tokens.size(); ++i) {
    const std::string& token = model->tokens[i];
    const auto place = [&] { return cat(origin, ":", i + 1); };
    if (token.empty()) throw FormatError(place(), "is empty; a vocabulary has one token on every line");
    if (token.find_first_of(" \t\n\v\f\r") != token.npos)
      throw FormatError(place(), cat("\"", token, "\" has white space in it; a token is one word"));
    const auto [known, fresh] = model->ids.emplace(token, static_cast<int32_t>(i));
    if (!fresh)
      throw FormatError(place(), cat("\"", token, "\" was given on line ", known->second + 1, " already"));
    if (token.starts_with(prefix) && token.size() > prefix.size()) {
      model->inner.emplace(std::string_view(token).substr(prefix.size()), static_cast<int32_t>(i));
    }
    model->longest = std::max(model->longest, token.size());
    hash.add(token);
    hash.add("\n");
  }
  for (size_t i = 0; i < special_tokens.size(); ++i) {
    const auto found = model->ids.find(special_tokens[i]);
    if (found == model->ids.end())
      throw FormatError(origin, cat("has no ", special_tokens[i], " among its ", model->tokens.size(),
                                    " tokens; BERT needs [PAD], [UNK], [CLS], [SEP] and [MASK]"));
    model->special[i] = found->second;
  }
  model->hash = hash.digits();
  return WordPiece(std::move(model));
}

void WordPiece::save(const std::filesystem::path& path) const {
  write_lines(path, model_->tokens);
}
int64_t WordPiece::size() const {
  return static_cast<int64_t>(model_->tokens.size());
}
const std::string& WordPiece::token(int32_t id) const {
  check(id >= 0 && id < size(), "wordpiece", "the id must lie in 0..", size() - 1, ", got ", id);
  return model_->tokens[static_cast<size_t>(id)];
}
std::optional<int32_t> WordPiece::find(std::string_view token) const {
  const auto found = model_->ids.find(token);
  return found == model_->ids.end() ? std::nullopt : std::optional(found->second);
}
const WordPieceOptions& WordPiece::options() const {
  return model_->options;
}
const std::string& WordPiece::hash() const {
  return model_->hash;
}
int32_t WordPiece::special(size_t which) const {
  return model_->special[which];
}
bool WordPiece::is_special(int32_t id) const {
  return std::find(model_->special.begin(), model_->special.end(), id) != model_->special.end();
}
bool WordPiece::is_continuation(int32_t id) const {
  if (id < 0 || id >= size()) return false;
  const std::string& token = model_->tokens[static_cast<size_t>(id)];
  return token.starts_with(prefix) && token.size() > prefix.size();
}

void WordPiece::check_rows(int64_t rows, const std::string& where) const {
  check<FormatError>(rows >= size(), where.c_str(), "has ", rows, " rows of word embeddings, the vocabulary ",
                     size(), " tokens; every token needs a row");
}

void WordPiece::append_word(std::string_view word, std::vector<int32_t>& ids) const {
  const Model& model = *model_;
  const size_t before = ids.size();
  bool known = count_characters(word) <= model.options.max_word_characters;
  for (size_t start = 0; known && start < word.size();) {
    const auto& table = start == 0 ? model.ids : model.inner;
    size_t end = std::min(word.size(), start + model.longest);
    known = false;
    for (; end > start && !known; --end) {  // the longest token that the rest begins with
      if (end < word.size() && is_inside_character(word[end])) continue;
      const auto found = table.find(word.substr(start, end - start));
      if (found == table.end()) continue;
      known = true;
      ids.push_back(found->second);
      start = end;
      break;
    }
  }
  if (known) return;
  ids.resize(before);
  ids.push_back(unk());
}

std::vector<int32_t> WordPiece::encode(std::string_view text, SpecialText special) const {
  std::vector<int32_t> ids;
  const auto append = [&](std::string_view part) {
    const std::string normalized = bert_normalize(part, model_->options.text);
    for (const std::string_view word : bert_split(normalized)) append_word(word, ids);
  };
  size_t start = 0;  // of the text not encoded yet
  if (special == SpecialText::tokens) {
    for (size_t at = text.find('['); at != text.npos; at = text.find('[', at)) {
      const auto found =
          std::find_if(special_tokens.begin(), special_tokens.end(),
                       [&](std::string_view token) { return text.substr(at).starts_with(token); });
      if (found == special_tokens.end()) {
        ++at;
        continue;
      }
      append(text.substr(start, at - start));
      ids.push_back(this->special(static_cast<size_t>(found - special_tokens.begin())));
      start = at += found->size();
    }
  }
  append(text.substr(start));
  return ids;
}

std::vector<std::string> WordPiece::pieces(std::string_view text, SpecialText special) const {
  std::vector<std::string> out;
  for (const int32_t id : encode(text, special)) out.push_back(token(id));
  return out;
}

BertInput WordPiece::input(std::span<const int32_t> ids, int64_t max_length) const {
  check(max_length >= 3, "wordpiece", "a sentence needs a length of at least 3, got ", max_length);
  const auto kept = std::min(static_cast<int64_t>(ids.size()), max_length - 2);
  BertInput out;
  out.ids.push_back(cls());
  out.ids.insert(out.ids.end(), ids.begin(), ids.begin() + kept);
  out.ids.push_back(sep());
  out.types.assign(out.ids.size(), 0);
  out.dropped = static_cast<int64_t>(ids.size()) - kept;
  return out;
}

BertInput WordPiece::input(std::span<const int32_t> first, std::span<const int32_t> second,
                           int64_t max_length) const {
  check(max_length >= 5, "wordpiece", "a pair needs a length of at least 5, got ", max_length);
  const auto n = static_cast<int64_t>(first.size()), m = static_cast<int64_t>(second.size());
  const auto [a, b] = longest_first(n, m, max_length - 3);
  BertInput out = input(first.first(static_cast<size_t>(a)), max_length);
  out.ids.insert(out.ids.end(), second.begin(), second.begin() + b);
  out.ids.push_back(sep());
  out.types.resize(out.ids.size(), 1);
  out.dropped = n - a + m - b;
  return out;
}

std::string WordPiece::decode(std::span<const int32_t> ids, bool skip_special) const {
  std::string out;
  bool first = true;
  for (int32_t id : ids) {
    check(id >= 0, "wordpiece", "ids must be at least 0, got ", id);
    if (id >= size()) id = unk();
    if (skip_special && is_special(id)) continue;
    std::string_view token = model_->tokens[static_cast<size_t>(id)];
    if (!first && is_continuation(id)) {
      token.remove_prefix(prefix.size());
    } else if (!first && std::string_view(".?!,").find(token.front()) == token.npos) {
      out += ' ';
    }
    out += token;
    first = false;
  }
  return out;
}

}  // namespace mosaic::data
