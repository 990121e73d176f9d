// Parameters and FLOPs of architectures and of the mixtures a supernet adds, from sizes alone.
#pragma once

#include <cstdint>

#include "mos/translation.h"

namespace mosaic::mos {

// Who decides how the experts of a feed-forward block are mixed.
enum class Routing { none, per_layer, per_neuron };

// What a mixture-of-supernets keeps in addition to shared weights.
struct Mixture {
  int64_t experts = 1;  // weights kept of every feed-forward matrix; 1 is plain sharing
  Routing routing = Routing::none;
  int64_t router_hidden = 128;
  int64_t encoding = 10;  // numbers the router sees
};

// Sizes of the vocabularies. Joined: one table for source, target and output, as in HAT's WMT models (IWSLT
// has three tables).
struct Vocabulary {
  int64_t source = 0, target = 0;
  bool joined = true;
};

struct Parameters {
  int64_t body = 0;        // attention, feed-forward, norms: the paper's counting rule (no embeddings)
  int64_t experts = 0;     // feed-forward weights of the experts beyond the first
  int64_t routers = 0;     // rows of the routers the architecture evaluates
  int64_t embeddings = 0;  // all tables, the output projection included
  int64_t total() const { return body + experts + routers + embeddings; }
  Parameters& operator+=(const Parameters& other);
};

// The paper's number for an architecture: Parameters::body of a translation model, and for "bert" spaces
// paper_bert_parameters (bert_cost.h) with the vocabulary that the space names.
int64_t parameters(const Space& space, const Arch& arch);
// Every part. With no mixture total() is the number of elements of the extracted model's tensors. For "bert"
// spaces the vocabulary's source counts; 0: that of the space.
Parameters parameters_exact(const Space& space, const Arch& arch, const Vocabulary& vocabulary = {},
                            const Mixture& mixture = {});
// The same for the supernet itself.
Parameters super_parameters(const Space& space, const Vocabulary& vocabulary = {},
                            const Mixture& mixture = {});
Parameters count_parameters(const TranslationArch& sizes, const Vocabulary& vocabulary,
                            const Mixture& mixture);

// One feed-forward block with its norm (body), its further experts and its routers.
Parameters feed_forward_parameters(int64_t width, int64_t hidden, const Mixture& mixture);

// Floating-point operations (two a multiply-add) of the matrix products of one forward pass over one sentence
// pair, the whole target prefix at once; of a "bert" space over a sequence of lengths.source tokens.
struct Flops {
  int64_t encoder = 0, decoder = 0;
  int64_t output = 0;  // projection to the target vocabulary, kept apart because HAT leaves it out
  int64_t body() const { return encoder + decoder; }
};

struct Lengths {
  int64_t source = 30, target = 30;
};

Flops flops(const Space& space, const Arch& arch, const Lengths& lengths = {}, int64_t vocabulary = 0);
Flops count_flops(const TranslationArch& sizes, const Lengths& lengths, int64_t vocabulary);

}  // namespace mosaic::mos
