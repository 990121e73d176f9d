// The translation model: sizes, slices, padding, memories, incremental steps.
#include "tests/nn/support.h"

using namespace mosaic;
using namespace mosaic::nn;
using namespace mosaic::nn::testing;

namespace {

const Tensor source = ids({3, 4, 5, 2, 6, 2, 1, 1}, {2, 4});
const Tensor input = ids({2, 8, 9, 7, 2, 4, 5, 1}, {2, 4});

// HAT's sizes of a WMT sub-network.
TransformerConfig wmt(int64_t encoder_embed, int64_t decoder_embed, std::vector<int64_t> encoder_ffn,
                      std::vector<int64_t> decoder_ffn) {
  TransformerConfig config;
  config.source_vocabulary = config.target_vocabulary = 32768;
  config.qkv_dim = 512;
  config.position_width = 640;
  config.encoder.embed = encoder_embed;
  config.decoder.embed = decoder_embed;
  for (const int64_t ffn : encoder_ffn) config.encoder.layers.push_back({.ffn = ffn, .heads = 4});
  for (const int64_t ffn : decoder_ffn) {
    config.decoder.layers.push_back({.ffn = ffn, .self_heads = 8, .cross_heads = 8, .memory = 2});
  }
  return config;
}

int64_t without_embeddings(const TransformerConfig& config) {
  Seq2Seq model(config);
  return parameter_count(model) - config.source_vocabulary * config.embedding_width();
}

}  // namespace

TEST_CASE("parameter counts of the published architectures") {
  CHECK(without_embeddings(wmt(640, 640, std::vector<int64_t>(6, 3072), std::vector<int64_t>(6, 3072))) ==
        70'900'992);
  CHECK(without_embeddings(wmt(512, 512, std::vector<int64_t>(6, 1024), {1024})) == 15'771'136);
  CHECK(without_embeddings(wmt(512, 512, std::vector<int64_t>(6, 3072), {2048, 2048, 3072, 3072, 3072})) ==
        49'380'864);
}

TEST_CASE("parameter names and shapes") {
  Seq2Seq model(mixed_config());
  std::map<std::string, Shape> shapes;
  for_each_parameter(model, [&](const Slot& slot) { shapes[slot.name] = slot.shape; });
  CHECK(shapes.at("embeddings.weight") == Shape{11, 12});
  CHECK(shapes.at("encoder.layers.0.self_attention.in_proj.weight") == Shape{24, 10});
  CHECK(shapes.at("encoder.layers.0.self_attention.out_proj.weight") == Shape{10, 8});
  CHECK(shapes.at("encoder.layers.1.ffn.fc1.weight") == Shape{7, 10});
  CHECK(shapes.at("encoder.layers.1.ffn.fc2.weight") == Shape{10, 7});
  CHECK(shapes.at("encoder.layers.2.ffn_norm.bias") == Shape{10});
  CHECK(shapes.at("decoder.layers.2.cross_attention.q_proj.weight") == Shape{8, 12});
  CHECK(shapes.at("decoder.layers.2.cross_attention.kv_proj.weight") == Shape{16, 10});
  CHECK(shapes.at("decoder.layers.2.cross_attention.out_proj.bias") == Shape{12});
  CHECK(shapes.at("decoder.layers.0.self_attention_norm.weight") == Shape{12});
  CHECK(shapes.at("decoder.layers.0.cross_attention_norm.weight") == Shape{12});

  TransformerConfig separate = mixed_config();
  separate.share_embeddings = false;
  separate.target_vocabulary = 9;
  Seq2Seq other(separate);
  shapes.clear();
  for_each_parameter(other, [&](const Slot& slot) { shapes[slot.name] = slot.shape; });
  CHECK(shapes.at("encoder.embeddings.weight") == Shape{11, 10});
  CHECK(shapes.at("decoder.embeddings.weight") == Shape{9, 12});
  CHECK(shapes.at("output.weight") == Shape{9, 12});
  initialise(other, Generator(1));
  CHECK(other.logits(source, ids({2, 8, 8, 2, 4, 1}, {2, 3})).shape() == Shape{2, 3, 9});
}

TEST_CASE("a model of leading slices trains the slices and nothing else") {
  TransformerConfig large = mixed_config();
  large.encoder.embed = large.decoder.embed = 12;
  for (auto& layer : large.encoder.layers) layer.ffn = 16;
  for (auto& layer : large.decoder.layers) layer.ffn = 16;
  Seq2Seq whole(large);
  initialise(whole, Generator(2));
  std::map<std::string, Tensor> parameters;
  for (const NamedTensor& parameter : named_parameters(whole)) parameters[parameter.name] = parameter.tensor;

  TransformerConfig small = mixed_config();
  small.decoder.embed = 8;
  small.decoder.layers.pop_back();
  Seq2Seq part(small, whole.positions());
  assign_parameters(
      part, [&](const std::string& name, const Shape& shape) { return leading(parameters.at(name), shape); });
  const SequenceBatch batch{
      .source = source, .decoder_input = input, .targets = ids({8, 9, 7, 2, 4, 5, 2, 1}, {2, 4})};
  Seq2Seq copied(small);  // the same values in memory of their own
  load(copied, clone(state_dict(part)));
  CHECK(copied.logits(source, input).values() == part.logits(source, input).values());
  sequence_loss(part, batch).loss.backward();

  for (const auto& [name, tensor] : parameters) {
    const bool unused = name.starts_with("decoder.layers.2.");
    CHECK(tensor.has_grad() == !unused);
    if (unused) continue;
    Shape kept;
    for_each_parameter(part, [&, &wanted = name](const Slot& slot) {
      if (slot.name == wanted) kept = slot.shape;
    });
    const Tensor outside = tensor.grad().detach();
    double inside = 0;
    {
      const NoGrad quiet;
      for (const double v : leading(outside, kept).values()) inside += std::abs(v);
      fill_(leading(outside, kept), 0);
    }
    CHECK_MESSAGE(inside > 0, name);
    for (const double v : outside.values()) CHECK_MESSAGE(v == 0, name);
  }
  // Row `padding` of the table never learns.
  for (const double v : slice(parameters.at("embeddings.weight").detach(), 0, 1, 2).values()) CHECK(v == 0);
}

TEST_CASE("padding changes no real position, and the loss counts real tokens only") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(3));
  const Tensor both = model.logits(source, input);
  const Tensor alone = model.logits(ids({6, 2}, {1, 2}), ids({2, 4, 5}, {1, 3}));
  CHECK(largest_difference(slice(slice(both, 0, 1, 2), 1, 0, 3).detach().dense(), alone) < 1e-5);

  const BatchLoss joint = sequence_loss(
      model, {.source = source, .decoder_input = input, .targets = ids({8, 9, 7, 2, 4, 5, 2, 1}, {2, 4})});
  const BatchLoss first = sequence_loss(model, {.source = ids({3, 4, 5, 2}, {1, 4}),
                                                .decoder_input = ids({2, 8, 9, 7}, {1, 4}),
                                                .targets = ids({8, 9, 7, 2}, {1, 4})});
  const BatchLoss second = sequence_loss(model, {.source = ids({6, 2}, {1, 2}),
                                                 .decoder_input = ids({2, 4, 5}, {1, 3}),
                                                 .targets = ids({4, 5, 2}, {1, 3})});
  CHECK(joint.tokens == 7);
  CHECK(joint.loss.item<double>() ==
        doctest::Approx(first.loss.item<double>() + second.loss.item<double>()).epsilon(1e-5));
  CHECK(joint.nll == doctest::Approx(first.nll + second.nll).epsilon(1e-5));
  CHECK_THROWS_AS(
      sequence_loss(model,
                    {.source = source, .decoder_input = input, .targets = Tensor::full({2, 4}, 1, i32)}),
      ArgumentError);
}

TEST_CASE("the loss of packed tokens is that of a padded batch's logits, with every gradient") {
  Seq2Seq model(mixed_config());  // memories of one, two and three outputs
  initialise(model, Generator(3), f64);
  const SequenceBatch batch{
      .source = source, .decoder_input = input, .targets = ids({8, 9, 7, 2, 4, 5, 2, 1}, {2, 4})};
  const auto gradients = [&](const Tensor& loss) {
    std::vector<Tensor> all;
    for (const NamedTensor& parameter : named_parameters(model)) parameter.tensor.zero_grad();
    loss.backward();
    for (const NamedTensor& parameter : named_parameters(model))
      all.push_back(parameter.tensor.has_grad() ? parameter.tensor.grad() * 1.0 : Tensor());
    return all;
  };
  const Tensor logits = reshape(model.logits(batch.source, batch.decoder_input), {8, 11});
  const BatchLoss padded = token_loss(index_select(logits, arange(7)), ids({8, 9, 7, 2, 4, 5, 2}, {7}));
  const BatchLoss packed = sequence_loss(model, batch);
  CHECK(packed.tokens == padded.tokens);
  CHECK(packed.nll == doctest::Approx(padded.nll).epsilon(1e-12));
  CHECK(packed.loss.item<double>() == doctest::Approx(padded.loss.item<double>()).epsilon(1e-12));
  const std::vector<Tensor> a = gradients(padded.loss), b = gradients(packed.loss);
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].defined() == b[i].defined());
    if (a[i].defined()) CHECK(largest_difference(a[i], b[i]) < 1e-12);
  }
}

TEST_CASE("packing refuses what is not padded on the right") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(3));
  const auto with = [&](const Tensor& from, const Tensor& to) {
    return sequence_loss(model, {.source = from, .decoder_input = input, .targets = to});
  };
  const Tensor targets = ids({8, 9, 7, 2, 4, 5, 2, 1}, {2, 4});
  CHECK_THROWS_WITH_AS(with(ids({3, 4, 5, 2, 1, 6, 2, 1}, {2, 4}), targets),
                       doctest::Contains("row 1 has padding before a token"), ArgumentError);
  CHECK_THROWS_AS(with(source, ids({8, 1, 7, 2, 4, 5, 2, 1}, {2, 4})), ArgumentError);
  CHECK_THROWS_AS(with(ids({3, 4, 5, 2}, {1, 4}), targets), ShapeError);
  CHECK_THROWS_AS(with(Tensor::zeros({2, 4}), targets), DtypeError);
  CHECK_THROWS_AS(packed(source, {4}, cpu()), ShapeError);
  CHECK_THROWS_AS(packed(source, {4, 5}, cpu()), ShapeError);
}

TEST_CASE("later target tokens do not reach earlier positions") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(3));
  const Tensor a = model.logits(source, ids({2, 8, 9, 7, 2, 4, 5, 3}, {2, 4}));
  const Tensor b = model.logits(source, ids({2, 8, 3, 3, 2, 4, 10, 9}, {2, 4}));
  CHECK(largest_difference(slice(a, 1, 0, 2).detach().dense(), slice(b, 1, 0, 2).detach().dense()) == 0);
  CHECK(largest_difference(a, b) > 1e-3);
}

TEST_CASE("a memory of two equal outputs is a memory of one") {
  CrossAttention cross({.width = 6, .memory_width = 6, .channels = 8, .heads = 2});
  initialise(cross, Generator(3));
  Generator rng(8);
  const Tensor x = normal({2, 3, 6}, 0, 1, rng), memory = normal({2, 4, 6}, 0, 1, rng);
  const EncoderOutput twice{.outputs = {memory, memory, memory}, .sequences = token_mask(source, 1)};
  const Tensor one = cross(x, cross.project(twice.memory(1)), twice.memory_sequences(1));
  for (const int64_t members : {2, 3}) {
    const Tensor many = cross(x, cross.project(twice.memory(members)), twice.memory_sequences(members));
    CHECK(largest_difference(one, many) < 1e-6);
  }
  CHECK_THROWS_AS(twice.memory(4), ArgumentError);
}

TEST_CASE("each memory choice gives another result") {
  TransformerConfig config = mixed_config();
  std::vector<Tensor> results;
  for (const int64_t members : {1, 2, 3}) {
    for (auto& layer : config.decoder.layers) layer.memory = members;
    Seq2Seq model(config);
    initialise(model, Generator(3));
    results.push_back(model.logits(source, input));
  }
  CHECK(largest_difference(results[0], results[1]) > 1e-3);
  CHECK(largest_difference(results[1], results[2]) > 1e-3);
}

TEST_CASE("steps with caches give the logits of the full forward") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(4));
  const Tensor full = model.logits(source, input);  // {2, 4, 11}
  IncrementalDecoder decoder(model, source);
  const std::vector<int32_t> first{2, 2}, second{8, 4}, third{9, 5}, fourth{7, 1};
  int64_t t = 0;
  for (const auto& tokens : {first, second, third, fourth}) {
    const Tensor step = decoder.step(tokens);
    CHECK(largest_difference(step, squeeze(slice(full, 1, t, t + 1), 1).detach().dense()) < 1e-5);
    ++t;
  }
}

TEST_CASE("hypotheses may be copied, reordered and dropped between steps") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(4));
  IncrementalDecoder decoder(model, source);
  decoder.step(std::vector<int32_t>{2, 2});
  decoder.select(std::vector<int32_t>{0, 0, 1, 1}, std::vector<int32_t>{0, 1});  // two hypotheses each
  decoder.step(std::vector<int32_t>{8, 9, 4, 5});
  decoder.select(std::vector<int32_t>{1, 0, 3, 3}, std::vector<int32_t>{0, 1});
  decoder.step(std::vector<int32_t>{3, 4, 5, 6});
  decoder.select(std::vector<int32_t>{3, 2}, std::vector<int32_t>{1});  // the first sentence is done
  const Tensor last = decoder.step(std::vector<int32_t>{7, 8});
  const Tensor rest = ids({6, 2}, {1, 2});
  const Tensor a = model.logits(rest, ids({2, 5, 6, 7}, {1, 4})),
               b = model.logits(rest, ids({2, 5, 5, 8}, {1, 4}));
  CHECK(largest_difference(slice(last, 0, 0, 1), squeeze(slice(a, 1, 3, 4), 1).detach().dense()) < 1e-5);
  CHECK(largest_difference(slice(last, 0, 1, 2), squeeze(slice(b, 1, 3, 4), 1).detach().dense()) < 1e-5);
  CHECK_THROWS_AS(decoder.step(std::vector<int32_t>{7}), ShapeError);
}

TEST_CASE("a long prefix outgrows the cache's first block") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(4));
  IncrementalDecoder decoder(model, ids({3, 4, 5, 2}, {1, 4}));
  std::vector<int32_t> prefix{2};
  Tensor step;
  for (int t = 0; t < 40; ++t) {
    step = decoder.step(std::vector<int32_t>{prefix.back()});
    prefix.push_back(3 + (t * 5) % 8);
  }
  prefix.pop_back();
  const Tensor full = model.logits(ids({3, 4, 5, 2}, {1, 4}), pad_sequences({prefix}, 1));
  CHECK(largest_difference(step, squeeze(slice(full, 1, 39, 40), 1).detach().dense()) < 1e-5);
}

TEST_CASE("dropout scales with the width of its side") {
  TransformerConfig config = mixed_config();
  config.dropout = 0.3;
  CHECK(config.encoder_dropout() == 0.3);
  config.super_embed = 20;
  CHECK(config.encoder_dropout() == doctest::Approx(0.15));
  CHECK(config.decoder_dropout() == doctest::Approx(0.18));
}

TEST_CASE("the config's JSON is strict") {
  TransformerConfig config = mixed_config();
  config.dropout = 0.25;
  const json good = config.to_json();
  CHECK(TransformerConfig::from_json(good, "config.json") == config);
  const auto message = [](const json& value) -> std::string {
    try {
      TransformerConfig::from_json(value, "config.json");
    } catch (const FormatError& error) {
      return error.what();
    }
    return "accepted";
  };
  const auto with = [&](const char* key, const json& value) {
    json changed = good;
    changed[json::json_pointer(key)] = value;
    return message(changed);
  };
  CHECK(with("/encoder_layer", 3).find("encoder_layer") != std::string::npos);
  CHECK(with("/encoder/layers/1/heads", 3).find("encoder.layers[1].heads must divide qkv_dim 8, got 3") !=
        std::string::npos);
  CHECK(with("/decoder/layers/0/memory", 4).find("memory") != std::string::npos);
  CHECK(with("/dropout", 1.0).find("[0, 1)") != std::string::npos);
  CHECK(with("/dropout", "0.1").find("dropout") != std::string::npos);
  CHECK(with("/qkv_dim", 2.5).find("qkv_dim") != std::string::npos);
  CHECK(with("/qkv_dim", true).find("qkv_dim") != std::string::npos);
  CHECK(with("/encoder/layers", json::array()).find("layers") != std::string::npos);
  CHECK(with("/position_width", 11).find("position_width") != std::string::npos);
  CHECK(with("/target_vocabulary", 9).find("share_embeddings") != std::string::npos);
  CHECK(with("/padding", 2).find("padding") != std::string::npos);
  json shallow = good;
  shallow["encoder"]["layers"] = json::array({good["encoder"]["layers"][0]});
  CHECK(message(shallow).find("memory must be in [1, 1]") != std::string::npos);
}

TEST_CASE("ids that do not fit are refused with the shapes") {
  Seq2Seq model(mixed_config());
  initialise(model, Generator(4));
  CHECK_THROWS_AS(model.encode(Tensor::zeros({2, 3})), DtypeError);
  CHECK_THROWS_AS(model.encode(Tensor::zeros({3}, i32)), ShapeError);
  CHECK_THROWS_AS(model.logits(source, ids({2}, {1, 1})), ShapeError);
  CHECK_THROWS_AS(model.logits(source, ids({2, 11}, {2, 1})), ArgumentError);
}

TEST_CASE("recomputed layers give the same loss and gradients in less memory") {
  Seq2Seq model(plain_transformer({.vocabulary = 11,
                                   .embed = 16,
                                   .ffn = 32,
                                   .heads = 2,
                                   .encoder_layers = 4,
                                   .decoder_layers = 4,
                                   .dropout = 0.2,
                                   .attention_dropout = 0.1}));
  initialise(model, Generator(5));
  std::vector<int32_t> words(16 * 24);
  for (size_t i = 0; i < words.size(); ++i) words[i] = static_cast<int32_t>(3 + i * 7 % 8);
  const Tensor sentences = Tensor::from(words, {16, 24});
  struct Run {
    double loss;
    uint64_t bytes;
    std::map<std::string, std::vector<double>> gradients;
  };
  const auto run = [&](bool recompute) {
    for (const NamedTensor& p : named_parameters(model)) p.tensor.zero_grad();
    Generator masks(9);
    const uint64_t before = allocator(cpu()).stats().current;
    allocator(cpu()).reset_peak();
    const BatchLoss loss = sequence_loss(model, {sentences, sentences, sentences}, {},
                                         {.training = true, .rng = &masks, .recompute = recompute});
    loss.loss.backward();
    Run result{loss.loss.item<double>(), allocator(cpu()).stats().peak - before, {}};
    for (const NamedTensor& p : named_parameters(model)) result.gradients[p.name] = p.tensor.grad().values();
    return result;
  };
  run(false);  // gradients have their memory
  const Run kept = run(false), again = run(true);
  CHECK(again.loss == kept.loss);
  CHECK(again.bytes < kept.bytes / 2);
  for (const auto& [name, gradient] : kept.gradients) {
    CAPTURE(name);
    double largest = 0, off = 0;
    for (size_t i = 0; i < gradient.size(); ++i) {
      largest = std::max(largest, std::abs(gradient[i]));
      off = std::max(off, std::abs(gradient[i] - again.gradients.at(name)[i]));
    }
    CHECK(off < 1e-5 * std::max(largest, 1.0));
  }
}
