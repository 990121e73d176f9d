// A model learns to reverse sequences, from fresh weights to near perfection.
#include <chrono>

#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

struct Task {
  std::vector<std::vector<int32_t>> sources, targets;
  SequenceBatch batch() const {
    std::vector<std::vector<int32_t>> inputs, outputs;
    for (const auto& target : targets) {
      inputs.push_back(target);
      inputs.back().insert(inputs.back().begin(), 2);
      outputs.push_back(target);
      outputs.back().push_back(2);
    }
    return {pad_sequences(sources, 1), pad_sequences(inputs, 1), pad_sequences(outputs, 1)};
  }
};

// Words 4..13, three to seven of them; the target is the source backwards.
Task reversals(Generator& rng, int count) {
  Task task;
  for (int i = 0; i < count; ++i) {
    std::vector<int32_t> words(3 + rng.below(5));
    for (int32_t& word : words) word = static_cast<int32_t>(4 + rng.below(10));
    task.targets.emplace_back(words.rbegin(), words.rend());
    words.push_back(2);
    task.sources.push_back(words);
  }
  return task;
}

}  // namespace

TEST_CASE("a small Transformer learns to reverse") {
  Generator rng(1), data(2), drops(3), test(4);
  Seq2Seq model(plain_transformer({.vocabulary = 14,
                                   .embed = 32,
                                   .ffn = 64,
                                   .heads = 4,
                                   .encoder_layers = 1,
                                   .decoder_layers = 2,
                                   .dropout = 0.02}),
                rng);
  AdamW optimizer(named_parameters(model), {.beta2 = 0.98});
  const Schedule schedule{.shape = Schedule::Shape::inverse_sqrt, .peak = 6e-3, .warmup_updates = 60};
  const Task held_out = reversals(test, 100);
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  double accuracy = 0;
  int updates = 0;
  while (accuracy < 0.99 && updates < 1500) {
    for (int i = 0; i < 50; ++i, ++updates) {
      optimizer.zero_grad();
      UpdateAccumulator update;
      for (int half = 0; half < 2; ++half) {
        update.add(sequence_loss(model, reversals(data, 32).batch(), {.nll = false},
                                 {.training = true, .rng = &drops}),
                   cat("update ", updates));
      }
      optimizer.step({.lr = schedule(updates), .grad_scale = update.grad_scale(), .clip_norm = 1});
    }
    const std::vector<Hypothesis> found =
        translate(model, held_out.sources, {.beam = 2, .length = {.max_length = 10}}, 50);
    int right = 0;
    for (size_t i = 0; i < found.size(); ++i) right += found[i].tokens == held_out.targets[i];
    accuracy = right / 100.0;
  }
  MESSAGE("reverse: ", accuracy, " of sentences after ", updates, " updates in ", seconds(), " s");
  CHECK(accuracy >= 0.99);
}

TEST_CASE("training gives the same bits with one thread and with two, and twice") {
  const auto train = [](int count) {
    const int before = threads();
    set_threads(count);
    Generator rng(1), data(2), drops(3);
    Seq2Seq model(plain_transformer({.vocabulary = 14,
                                     .embed = 64,
                                     .ffn = 256,
                                     .heads = 4,
                                     .encoder_layers = 2,
                                     .decoder_layers = 2,
                                     .dropout = 0.3,
                                     .attention_dropout = 0.1}),
                  rng);
    AdamW optimizer(named_parameters(model), {});
    for (int i = 0; i < 3; ++i) {
      optimizer.zero_grad();
      UpdateAccumulator update;
      update.add(sequence_loss(model, reversals(data, 200).batch(), {}, {.training = true, .rng = &drops}),
                 "test");
      optimizer.step({.grad_scale = update.grad_scale(), .clip_norm = 0.5});
    }
    set_threads(before);
    return clone(state_dict(model));
  };
  const StateDict one = train(1), two = train(2), again = train(2);
  for (const auto& [name, tensor] : one) {
    CHECK_MESSAGE(tensor.values() == two.at(name).values(), name);
    CHECK_MESSAGE(tensor.values() == again.at(name).values(), name);
  }
}
