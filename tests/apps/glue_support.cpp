#include "tests/apps/glue_support.h"

#include <cmath>

#include "apps/common/bert_models.h"
#include "tests/apps/program.h"

namespace mosaic::test {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> animals{"dog", "cat", "cow", "hen", "fox"};
const std::vector<std::string> fillers{"the", "sees", "a", "house", "and", "runs", "there", "old"};

std::string pick(Generator& random, const std::vector<std::string>& words) {
  return words[static_cast<size_t>(random.below(words.size()))];
}

// Fillers with one word of its own somewhere among them.
std::string sentence_with(Generator& random, const std::string& word) {
  std::string text;
  const uint64_t length = 3 + random.below(4), place = random.below(length);
  for (uint64_t i = 0; i < length; ++i)
    text += (text.empty() ? "" : " ") + (i == place ? word : pick(random, fillers));
  return text;
}

std::string cola(Generator& random, int rows, bool test) {
  std::string text = test ? "index\tsentence\n" : "";
  for (int i = 0; i < rows; ++i) {
    const bool good = random.below(2) == 1;
    const std::string sentence = sentence_with(random, good ? "good" : "bad");
    text += test ? cat(i, "\t", sentence, "\n") : cat("gj04\t", good, "\t\t", sentence, "\n");
  }
  return text;
}

std::string rte(Generator& random, int rows, bool test) {
  std::string text = cat("index\tsentence1\tsentence2", test ? "" : "\tlabel", "\n");
  for (int i = 0; i < rows; ++i) {
    const std::string first = pick(random, animals), second = random.below(2) ? first : pick(random, animals);
    text += cat(i, "\t", sentence_with(random, first), "\t", sentence_with(random, second));
    text += test ? "\n" : first == second ? "\tentailment\n" : "\tnot_entailment\n";
  }
  return text;
}

std::string sts(Generator& random, int rows, bool test) {
  std::string text = cat("index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2",
                         test ? "" : "\tscore", "\n");
  for (int i = 0; i < rows; ++i) {
    const uint64_t common = random.below(6);
    std::string first, second;
    for (uint64_t word = 0; word < 5; ++word) {
      const std::string shared = pick(random, animals);
      first += shared + " ";
      second += (word < common ? shared : pick(random, fillers)) + " ";
    }
    text += cat(i, "\tmain\tf\t2012\t", i, "\tnone\tnone\t", first, "\t", second);
    text += test ? "\n" : cat("\t", common, ".000\n");
  }
  return text;
}

}  // namespace

void write_toy_glue(const fs::path& root, int train, int held_out) {
  Generator random(11);
  for (const auto& [split, rows] : {std::pair{"train", train}, {"dev", held_out}, {"test", held_out / 2}}) {
    const bool test = split == std::string("test");
    write(root / "CoLA" / cat(split, ".tsv"), cola(random, rows, test));
    write(root / "RTE" / cat(split, ".tsv"), rte(random, rows, test));
    write(root / "STS-B" / cat(split, ".tsv"), sts(random, rows, test));
  }
}

void write_toy_bert(const fs::path& directory, const ToyBert& sizes) {
  std::vector<std::string> tokens{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad"};
  tokens.insert(tokens.end(), animals.begin(), animals.end());
  tokens.insert(tokens.end(), fillers.begin(), fillers.end());
  nn::BertConfig config = nn::plain_bert({.vocabulary = static_cast<int64_t>(tokens.size()),
                                          .width = sizes.width,
                                          .heads = 2,
                                          .ffn = 2 * sizes.width,
                                          .layers = 2,
                                          .positions = sizes.positions});
  config.mlm = sizes.task.empty();
  config.labels = sizes.task.empty() ? 0 : std::max<int64_t>(1, static_cast<int64_t>(sizes.labels.size()));
  Generator random(sizes.seed);
  nn::Bert model(config, random);
  constexpr int64_t cls = 2;  // every text begins with it
  if (sizes.broken) nn::named_parameters(model).front().tensor.data<float>()[cls * sizes.width] = NAN;
  const apps::BertFacts facts{.arch = {}, .space = {}, .task = sizes.task, .labels = sizes.labels};
  apps::save_bert(directory, model, data::WordPiece::from_tokens(tokens), facts, true);
}

}  // namespace mosaic::test
