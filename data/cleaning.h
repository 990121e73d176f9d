// Turns aligned paragraphs into clean sentence pairs, and splits pairs into training, validation and test
// sets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "data/parallel_corpus.h"
#include "engine/core/json.h"

namespace mosaic::data {

// The sentences of a paragraph (normalised spaces). A sentence ends at "!", "?", "…" or at a full stop after
// a word of two letters or a closing mark, when a capital letter, perhaps behind an opening mark, follows; so
// numbers, dates ("5. Mai") and initials do not end one.
std::vector<std::string> split_sentences(std::string_view paragraph);

// The same by the habits of English prose: closing marks may follow what ends a sentence ("... of order."
// The), a source in square brackets behind it belongs to it (... order." [Op. Cit., p. 3] The), and the full
// stop of a usual abbreviation (Mr., Op., pp.) ends none.
std::vector<std::string> split_english_sentences(std::string_view paragraph);

// Letters among the characters of a text that are not spaces; 0 for an empty one.
double letter_share(std::string_view text);

// What became of the sentences offered to a PairCleaner, in the order in which the rules are tried.
struct CleaningReport {
  int64_t paragraphs = 0, repeated_paragraphs = 0, untranslated = 0;
  int64_t sentences = 0;
  int64_t length = 0;        // fewer than 3 words or more than 1,000 characters on a side
  int64_t letters = 0;       // less than 60 % of a side's visible characters are letters
  int64_t placeholders = 0;  // %s, %(x)s, {x}, $x, &ent;, <tag>, an address or a backslash
  int64_t ratio = 0;         // one side has 3 times the words of the other or more
  int64_t identical = 0, repeated = 0;
  int64_t kept = 0;
};
json describe(const CleaningReport& report);

// Collects clean pairs. Both sides of a paragraph are cut into sentences when both have the same number of
// them, else they stay whole; then the rules of CleaningReport decide. Input should have normalised spaces.
class PairCleaner {
 public:
  void add(const std::string& source_paragraph, const std::string& target_paragraph);
  const std::vector<SentencePair>& pairs() const { return pairs_; }
  const CleaningReport& report() const { return report_; }

 private:
  void add_sentence(std::string source, std::string target);
  std::vector<SentencePair> pairs_;
  std::unordered_set<std::string> paragraphs_, seen_;
  CleaningReport report_;
};

struct Split {
  std::vector<SentencePair> train, valid, test;
  int64_t distinct_sources = 0;
};

// Splits by distinct source sentence, where case, punctuation and spaces make no difference, so that no test
// sentence is trained on. The sets are chosen by the sentences' hashes: they do not depend on the order of
// the pairs and change little when the corpus does. valid and test get one pair of each chosen sentence, in
// corpus order. ArgumentError when fewer than twice valid + test distinct sentences are there.
Split split_by_source(const std::vector<SentencePair>& pairs, int64_t valid, int64_t test);

}  // namespace mosaic::data
