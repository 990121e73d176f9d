// Checks against published corpora and scores, in the folder that MOSAIC_DATA names; skipped without it.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <set>
#include <sstream>

#include "data/data.h"
#include "engine/core/error.h"

using namespace mosaic;
using namespace mosaic::data;
namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

namespace {

// The data folder's part, empty (with a line that says so) when it is not there.
fs::path part(const char* name) {
  const char* root = std::getenv("MOSAIC_DATA");
  if (root && fs::exists(fs::path(root) / name)) return fs::path(root) / name;
  std::cout << "skipped: MOSAIC_DATA has no " << name << "\n";
  return {};
}

// Scoring programs keep a byte order mark (newstest2017 has one).
Texts scored(const fs::path& path) {
  return read_lines(path, {.keep_byte_order_mark = true});
}

Texts columns(const std::string& line, char separator) {
  Texts out;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, separator);) out.push_back(cell);
  return out;
}

std::string slashes(const std::vector<int64_t>& values) {
  std::string out;
  for (const int64_t value : values) out += cat(out.empty() ? "" : "/", value);
  return out;
}

// Equal to all printed digits.
bool as_printed(double value, const std::string& text) {
  const size_t point = text.find('.');
  const double digits = point == text.npos ? 0 : static_cast<double>(text.size() - point - 1);
  return std::abs(value - std::stod(text)) <= 0.5001 * std::pow(10.0, -digits);
}

}  // namespace

TEST_CASE("nine WMT17 systems have the scores sacreBLEU gives") {
  const fs::path dir = part("bleu/wmt17-en-de");
  if (dir.empty()) return;
  const std::vector<Texts> reference{scored(dir / "reference.de.gz")};
  const Texts rows = read_lines(dir / "expected.tsv");
  REQUIRE(rows.size() == 10);
  for (size_t i = 1; i < rows.size(); ++i) {
    const Texts row = columns(rows[i], '\t');
    REQUIRE(row.size() == 12);
    CAPTURE(row[0]);
    const Texts hypotheses = scored(dir / (row[0] + ".gz"));
    const auto check_score = [&](const BleuOptions& options, const std::string& expected) {
      const double score = Bleu(options).corpus(hypotheses, reference).score;
      CAPTURE(score);
      CHECK(as_printed(score, expected));
    };
    check_score({}, row[2]);
    check_score({.tokenizer = BleuTokenizer::intl}, row[3]);
    check_score({.tokenizer = BleuTokenizer::none}, row[4]);
    check_score({.lowercase = true}, row[5]);
    check_score({.tokenizer = BleuTokenizer::character}, row[6]);
    const BleuStatistics s = Bleu().statistics(hypotheses, reference);
    CHECK(slashes(s.correct) == row[7]);
    CHECK(slashes(s.total) == row[8]);
    CHECK(std::to_string(s.system_length) == row[9]);
    CHECK(std::to_string(s.reference_length) == row[10]);
    CHECK(as_printed(Bleu().score(s).brevity_penalty, row[11]));
  }
}

TEST_CASE("multi-reference scores agree") {
  const fs::path dir = part("bleu/multeval-set1");
  if (dir.empty()) return;
  const Bleu bleu({.tokenizer = BleuTokenizer::none});
  const Texts rows = read_lines(dir / "expected.tsv");
  for (size_t i = 1; i < rows.size(); ++i) {
    const Texts row = columns(rows[i], '\t');
    CAPTURE(rows[i]);
    std::vector<Texts> references;
    for (const std::string& r : columns(row[1], ','))
      references.push_back(scored(dir / ("set1.ref" + r + ".gz")));
    const BleuStatistics s = bleu.statistics(scored(dir / (row[0] + ".gz")), references);
    CHECK(as_printed(bleu.score(s).score, row[2]));
    CHECK(slashes(s.correct) == row[3]);
    CHECK(slashes(s.total) == row[4]);
    CHECK(std::to_string(s.reference_length) == row[6]);
    CHECK(as_printed(bleu.score(s).brevity_penalty, row[7]));
  }
}

TEST_CASE("a third tokenised set, whitespace split without smoothing") {
  const fs::path dir = part("bleu/tf-nmt-deen");
  if (dir.empty()) return;
  Texts hypotheses = scored(dir / "deen_output.gz"), reference = scored(dir / "deen_ref_bpe.gz");
  for (auto* side : {&hypotheses, &reference}) {
    for (std::string& line : *side) {
      for (size_t at = line.find("@@ "); at != line.npos; at = line.find("@@ ", at)) line.erase(at, 3);
    }
  }
  const Bleu bleu({.tokenizer = BleuTokenizer::none, .smoothing = BleuSmoothing::none});
  CHECK(std::abs(bleu.corpus(hypotheses, {reference}).score - 22.584677521248825) < 1e-9);
}

TEST_CASE("Multi30k has its official sizes and makes batches") {
  const fs::path dir = part("multi30k");
  if (dir.empty()) return;
  const ParallelCorpus train = read_parallel(dir / "train", "en", "de"),
                       valid = read_parallel(dir / "val", "en", "de");
  const ParallelCorpus test =
      read_parallel(dir / "test_2016_flickr", "en", "de", {.empty = EmptyLines::keep});
  CHECK(train.pairs.size() == 29000);
  CHECK(valid.pairs.size() == 1014);
  CHECK(test.pairs.size() == 1000);
  CHECK(find_overlap(train.pairs, test.pairs).same_source < 20);

  Texts text = valid.sources();
  for (const SentencePair& pair : valid.pairs) text.push_back(pair.target);
  const Subwords subwords = Subwords::train(text, {.vocabulary = 1000});
  CHECK(Subwords::train(text, {.vocabulary = 1000}).hash() == subwords.hash());
  for (const std::string& line : text) CHECK(subwords.decode(subwords.encode(line)) == line);
  const auto examples = encode_pairs(subwords, valid.pairs);
  const BatchPlan plan(examples, {.max_tokens = 1024}, Generator(1));
  int64_t rows = 0, padded = 0, tokens = 0;
  for (const auto& indices : plan.sorted()) {
    const Batch batch = make_batch(examples, indices);
    rows += batch.rows;
    padded += batch.rows * batch.target_length;
    tokens += batch.target_tokens;
  }
  CHECK(rows == 1014);
  CHECK(static_cast<double>(tokens) > 0.75 * static_cast<double>(padded));
}

TEST_CASE("the help corpus agrees with a reference extraction") {
  const fs::path reference = part("debian_ref/lohelp.de.tsv.gz");
  const char* help = std::getenv("MOSAIC_HELP");  // libreoffice-help-{en-us,de} unpacked
  if (reference.empty() || !help) {
    std::cout << "skipped: MOSAIC_HELP does not name unpacked LibreOffice help\n";
    return;
  }
  const fs::path out = fs::temp_directory_path() / cat("mosaic-help-", ::getpid());
  make_debian_corpus(help, out, {});
  std::set<std::pair<std::string, std::string>> ours;
  for (const char* set : {"train", "valid", "test"}) {
    for (const SentencePair& pair : read_parallel(out / set, "en", "de").pairs)
      ours.emplace(pair.source, pair.target);
  }
  fs::remove_all(out);
  size_t common = 0;
  const auto expected = read_pairs_tsv(reference).pairs;
  for (const SentencePair& pair : expected) common += ours.contains({pair.source, pair.target});
  MESSAGE("pairs: ours ", ours.size(), ", reference ", expected.size(), ", common ", common);
  CHECK(std::abs(static_cast<double>(ours.size()) / static_cast<double>(expected.size()) - 1) < 0.02);
  CHECK(static_cast<double>(common) > 0.97 * static_cast<double>(expected.size()));
}

TEST_CASE("English text of Debian packages agrees with a reference extraction") {
  const char* root = std::getenv("MOSAIC_HELP");    // where the packages lie unpacked
  const char* lists = std::getenv("MOSAIC_LISTS");  // apt's Translation-en
  // Shares of the reference's lines that must be ours. It leaves hidden variants of the help's menus in
  // ("LibreOffice - PreferencesTools - Options"), and parts quotations from their sources.
  const auto compare = [](const char* file, double least, const std::function<EnglishText()>& extract) {
    const fs::path reference = part(file);
    if (reference.empty()) return;
    const std::string text = extract().text();
    std::set<std::string> ours;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
      if (!line.empty()) ours.insert(line);
    size_t common = 0, expected = 0;
    for (const std::string& line : read_lines(reference)) {
      ++expected;
      common += ours.contains(line);
    }
    MESSAGE(std::string(file), ": ours ", ours.size(), ", reference ", expected, ", common ", common);
    CHECK(static_cast<double>(common) > least * static_cast<double>(expected));
  };
  if (!root) std::cout << "skipped: MOSAIC_HELP does not name unpacked packages\n";
  if (!lists) std::cout << "skipped: MOSAIC_LISTS does not name apt's Translation-en\n";
  if (root) compare("debian_ref/mlm_lohelp.txt.gz", 0.96, [&] { return help_text(root); });
  if (root && fs::is_directory(fs::path(root) / "usr/share/doc/anarchism/html"))
    compare("debian_ref/mlm_anarchism.txt.gz", 0.6, [&] { return anarchism_text(root); });
  if (lists) compare("debian_ref/mlm_ddtp.txt.gz", 0.97, [&] { return description_text(lists); });
}
