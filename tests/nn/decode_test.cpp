// Searches against enumeration and against each other.
#include <algorithm>

#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

constexpr int32_t eos = 2;

// Vocabulary: bos 0, padding 1, eos 2, and two words. Large initial tables make the distributions uneven.
Seq2Seq tiny(uint64_t seed, int64_t vocabulary = 5) {
  Seq2Seq model(plain_transformer({.vocabulary = vocabulary,
                                   .embed = 8,
                                   .ffn = 12,
                                   .heads = 2,
                                   .encoder_layers = 2,
                                   .decoder_layers = 2}));
  initialise(model, Generator(seed));
  for (const NamedTensor& parameter : named_parameters(model)) {
    if (parameter.name == "embeddings.weight") scale_(parameter.tensor, 2);
  }
  return model;
}

double log_probability(const Seq2Seq& model, const Tensor& source, std::vector<int32_t> tokens) {
  const NoGrad quiet;
  std::vector<int32_t> input = tokens;
  input.insert(input.begin(), eos);
  tokens.push_back(eos);
  const Tensor scores = log_softmax(model.logits(source, pad_sequences({input}, 1)));
  const std::vector<double> values = scores.values();
  double total = 0;
  for (size_t t = 0; t < tokens.size(); ++t) {
    total += values[t * static_cast<size_t>(scores.dim(2)) + static_cast<size_t>(tokens[t])];
  }
  return total;
}

// All sequences over {0, 3, 4} of 1 to 3 words, best score first.
std::vector<Hypothesis> enumerate(const Seq2Seq& model, const Tensor& source, double penalty) {
  std::vector<Hypothesis> all;
  std::vector<std::vector<int32_t>> grown{{}};
  for (int length = 1; length <= 3; ++length) {
    std::vector<std::vector<int32_t>> next;
    for (const auto& prefix : grown) {
      for (const int32_t token : {0, 3, 4}) {
        next.push_back(prefix);
        next.back().push_back(token);
        const double lp = log_probability(model, source, next.back());
        all.push_back({next.back(), lp, lp / std::pow(length + 1, penalty)});
      }
    }
    grown = next;
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  return all;
}

const Tensor pair = ids({3, 4, 4, 2, 4, 2, 1, 1}, {2, 4});

}  // namespace

TEST_CASE("a beam that holds everything finds every sequence in order") {
  const Seq2Seq model = tiny(3);
  for (const double penalty : {0.0, 0.6, 1.0}) {
    const auto found =
        beam_search(model, pair, {.beam = 64, .length_penalty = penalty, .length = {.max_length = 3}});
    for (const int64_t s : {0, 1}) {
      const Tensor one = s == 0 ? ids({3, 4, 4, 2}, {1, 4}) : ids({4, 2}, {1, 2});
      const std::vector<Hypothesis> all = enumerate(model, one, penalty);
      const std::vector<Hypothesis>& beam = found[static_cast<size_t>(s)];
      REQUIRE(beam.size() == all.size());
      for (size_t i = 0; i < all.size(); ++i) {
        CHECK(beam[i].score == doctest::Approx(all[i].score).epsilon(1e-4));
        CHECK(beam[i].log_probability ==
              doctest::Approx(log_probability(model, one, beam[i].tokens)).epsilon(1e-4));
      }
      CHECK(beam[0].tokens == all[0].tokens);
    }
  }
}

TEST_CASE("a beam of one is the greedy choice") {
  for (const uint64_t seed : {1, 2, 3, 4, 5}) {
    const Seq2Seq model = tiny(seed, 12);
    const LengthLimits length{.max_length = 12};
    const auto greedy = greedy_search(model, pair, length);
    const auto beam = beam_search(model, pair, {.beam = 1, .length = length});
    for (size_t s = 0; s < 2; ++s) {
      REQUIRE(beam[s].size() == 1);
      CHECK(beam[s][0].tokens == greedy[s].tokens);
      CHECK(beam[s][0].log_probability == doctest::Approx(greedy[s].log_probability).epsilon(1e-5));
      CHECK(beam[s][0].score == doctest::Approx(greedy[s].score).epsilon(1e-5));
    }
  }
}

TEST_CASE("limits: never padding, never empty unless allowed, never too long") {
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    const Seq2Seq model = tiny(seed, 7);
    const auto found = beam_search(
        model, pair, {.beam = 4, .length = {.source_factor = 1, .max_length = 2, .min_length = 2}});
    for (size_t s = 0; s < 2; ++s) {
      REQUIRE(!found[s].empty());
      const size_t longest = s == 0 ? 6 : 4;  // 2 + 1 * (4 or 2 tokens)
      for (const Hypothesis& hypothesis : found[s]) {
        CHECK(hypothesis.tokens.size() >= 2);
        CHECK(hypothesis.tokens.size() <= longest);
        for (const int32_t token : hypothesis.tokens) CHECK((token != 1 && token != eos));
      }
      CHECK(std::is_sorted(found[s].begin(), found[s].end(),
                           [](const auto& a, const auto& b) { return a.score > b.score; }));
    }
  }
}

TEST_CASE("a sentence's result does not depend on the batch") {
  const Seq2Seq model = tiny(9, 20);
  std::vector<std::vector<int32_t>> sources;
  Generator rng(4);
  for (int i = 0; i < 13; ++i) {
    std::vector<int32_t> source;
    const uint64_t length = 1 + rng.below(7);
    for (uint64_t t = 0; t < length; ++t) source.push_back(static_cast<int32_t>(3 + rng.below(17)));
    source.push_back(eos);
    sources.push_back(source);
  }
  const BeamOptions options{.beam = 3, .length = {.max_length = 9}};
  int64_t done = 0;
  const auto batched = translate(model, sources, options, 5, [&](int64_t count) { done = count; });
  CHECK(done == 13);
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto alone = beam_search(model, pad_sequences({sources[i]}, 1), options)[0][0];
    CHECK(alone.tokens == batched[i].tokens);
    CHECK(alone.score == doctest::Approx(batched[i].score).epsilon(1e-4));
  }
}

TEST_CASE("sampling follows the model's distribution and the seed") {
  const Seq2Seq model = tiny(5);
  const Tensor one = ids({4, 2}, {1, 2});
  std::vector<std::vector<int32_t>> copies(4000, {4, 2});
  const Tensor many = pad_sequences(copies, 1);
  const SampleOptions options{.length = {.max_length = 1}};
  const auto drawn = sample(model, many, Generator(8), options);
  const std::vector<double> logits = squeeze(model.logits(one, ids({2}, {1, 1})), 1).detach().values();
  double total = 0;
  for (const int token : {0, 3, 4}) total += std::exp(logits[static_cast<size_t>(token)]);
  for (const int token : {0, 3, 4}) {
    const auto count =
        std::count_if(drawn.begin(), drawn.end(), [&](const Hypothesis& h) { return h.tokens[0] == token; });
    CHECK(static_cast<double>(count) / 4000 ==
          doctest::Approx(std::exp(logits[static_cast<size_t>(token)]) / total).epsilon(0.12));
  }
  const auto again = sample(model, many, Generator(8), options),
             other = sample(model, many, Generator(9), options);
  const auto same = [&](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(),
                      [](const auto& x, const auto& y) { return x.tokens == y.tokens; });
  };
  CHECK(same(drawn, again));
  CHECK(!same(drawn, other));
  const auto sharp = sample(model, pair, Generator(8), {.top_k = 1, .length = {.max_length = 9}});
  const auto greedy = greedy_search(model, pair, {.max_length = 9});
  CHECK(same(sharp, greedy));
  CHECK(same(sample(model, pair, Generator(8), {.temperature = 1e-4, .length = {.max_length = 9}}), greedy));
}

TEST_CASE("options that make no sense are refused") {
  const Seq2Seq model = tiny(1);
  CHECK_THROWS_AS(beam_search(model, pair, {.beam = 0}), ArgumentError);
  CHECK_THROWS_AS(beam_search(model, pair, {.length = {.max_length = -1}}), ArgumentError);
  CHECK_THROWS_AS(greedy_search(model, pair, {.max_length = 2, .min_length = 3}), ArgumentError);
  CHECK_THROWS_AS(sample(model, pair, Generator(1), {.temperature = 0}), ArgumentError);
  CHECK_THROWS_AS(translate(model, {{}}), ArgumentError);
  CHECK(translate(model, {}).empty());
}

TEST_CASE("a model whose logits are not finite is not decoded") {
  Seq2Seq model = tiny(1);
  fill_(named_parameters(model)[0].tensor, std::nan(""));
  CHECK_THROWS_AS(greedy_search(model, pair), NonFiniteError);
}

TEST_CASE("a copy by columns is the same function, bit by bit") {
  const NoGrad quiet;
  for (const bool tied : {true, false}) {
    TransformerConfig config = plain_transformer({.vocabulary = 11,
                                                  .embed = 8,
                                                  .ffn = 12,
                                                  .heads = 2,
                                                  .encoder_layers = 2,
                                                  .decoder_layers = 3,
                                                  .share_embeddings = tied});
    config.encoder.embed = 6;  // leading columns of a tied table
    Seq2Seq model(config);
    initialise(model, Generator(4));
    const std::unique_ptr<Seq2Seq> copy = by_columns(model);
    REQUIRE(copy != nullptr);
    const Tensor source = ids({3, 4, 10, 2, 5, 2, 1, 1}, {2, 4}), input = ids({2, 3, 9, 2, 4, 4}, {2, 3});
    CHECK(copy->logits(source, input).values() == model.logits(source, input).values());
    auto caches = model.start(model.encode(source)), turned = copy->start(copy->encode(source));
    const Tensor tokens = ids({2, 7}, {2});
    CHECK(copy->step(tokens, 0, turned).values() == model.step(tokens, 0, caches).values());
  }
  Seq2Seq exact(plain_transformer(
      {.vocabulary = 5, .embed = 8, .ffn = 12, .heads = 2, .encoder_layers = 1, .decoder_layers = 1}));
  initialise(exact, Generator(4), f64);
  CHECK(by_columns(exact) == nullptr);
}
