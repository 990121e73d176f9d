// A search space as data: the choices of a JSON file, and drawing, counting, checking and encoding them as
// genes.
#pragma once

#include <filesystem>
#include <optional>

#include "engine/core/random.h"
#include "mos/arch.h"

namespace mosaic::mos {

using Count = unsigned __int128;
std::string count_text(Count count);  // decimal digits

// HAT's flat form: one number a choice and layer, in the order of the choices, inactive layers included
// (the HAT WMT space has 40). Evolution works on it because inactive layers carry and inherit values.
using Genes = std::vector<double>;

// One choice of a space.
struct Choice {
  std::string name;            // "encoder.ffn": at most one dot
  std::vector<double> values;  // in the order of the file; every draw is uniform over them
  std::string per;             // the depth choice this one is repeated for ("encoder.layers"); else empty
  int64_t repeat = 1;          // genes: 1, a fixed number of layers, or the largest depth
  bool list = false;           // written as a list
  bool drawn_last = false;  // drawn after all others and for inactive layers too (HAT's arbitrary attention)
  double super = 0;         // the size the supernet holds, at least the largest value
  double extreme = 0;       // the value HAT's "largest" and "smallest" use, when has_extreme
  bool has_extreme = false;
  double scale = 1;           // the 10-value encoding divides the mean over layers by this
  double fine_scale = 1;      // the fine encoding divides each layer's value by this
  std::vector<double> codes;  // what the encodings see for each of `values` (HAT maps -1, 1, 2 to 1, 2, 3)

  double smallest() const;
  double largest() const;
  double code(double value) const;  // ArgumentError unless one of `values`
  bool allows(double value) const;
};

// One number, or one a layer, of the encoding that a space names itself instead of the means of its choices.
struct Feature {
  std::string of;     // a choice
  std::string times;  // another choice that multiplies it; empty: none
  bool each = false;  // one number for every layer (zero for inactive ones) instead of their mean
  double scale = 1;   // divides
};

// HAT's code forces arbitrary attention 1 in both its largest and its smallest network; exact does not.
enum class Extremes { exact, hat };

class Space {
 public:
  // Reads and checks a space; FormatError names the origin and the key.
  static Space from_json(const json& value, const std::string& origin);

  const std::string& name() const { return name_; }
  const std::string& about() const { return about_; }
  // What kind of supernet the choices describe: "seq2seq", "bert", or "generic" for choices no supernet is
  // built from.
  const std::string& model() const { return model_; }
  const std::vector<Choice>& choices() const { return choices_; }
  const Choice& choice(std::string_view name) const;  // ArgumentError unless it exists
  bool has(std::string_view name) const;
  // Sizes that are never elastic ("qkv_dim"). ArgumentError unless it exists.
  double fixed(std::string_view name) const;
  const std::vector<std::pair<std::string, double>>& fixed_sizes() const { return fixed_; }
  // Empty: the coarse encoding is the means of the choices.
  const std::vector<Feature>& features() const { return features_; }
  int64_t gene_count() const { return gene_count_; }
  json to_json() const;
  // 16 hexadecimal digits over everything that changes a meaning (not the description).
  const std::string& hash() const { return hash_; }

  // Why the architecture is not of this space, in one sentence; empty when it is.
  std::optional<std::string> why_not(const Arch& arch) const;
  bool contains(const Arch& arch) const { return !why_not(arch); }
  // Reads an architecture file's content: named choices, or a list of genes. Values of inactive layers may be
  // given and are dropped. FormatError opens with `where` (a path) and names the key.
  Arch parse(const json& value, const std::string& where) const;

  Arch largest(Extremes extremes = Extremes::exact) const;
  Arch smallest(Extremes extremes = Extremes::exact) const;
  // HAT's draw order: single choices, depths, then layer by layer, then what is drawn last for all layers.
  // Each draw is uniform, so every depth is equally probable (not every architecture).
  Arch sample(Generator& generator) const;

  // Every gene uniform, in gene order (the first population of the evolutionary search).
  Genes sample_genes(Generator& generator) const;
  // Each gene re-drawn from its choice with the probability; it may come back the same.
  Genes mutate(const Genes& genes, double probability, Generator& generator) const;
  // Each gene from either parent, evens.
  Genes cross(const Genes& a, const Genes& b, Generator& generator) const;
  // Active layers only. ArgumentError for a wrong length or a value that is no choice.
  Arch from_genes(const Genes& genes) const;
  // Inactive layers get the choice's first value.
  Genes to_genes(const Arch& arch) const;
  // The choice a gene belongs to, with its layer: gene 3 of HAT's 40 is "encoder.ffn" of layer 1.
  const Choice& gene_choice(int64_t gene) const;

  // The number of distinct architectures, exact.
  Count count() const;
  // Architecture number `index` of the count; a fixed order, depth by depth.
  Arch nth(Count index) const;
  // All of them; ArgumentError when there are more than `limit`.
  std::vector<Arch> enumerate(uint64_t limit = 1u << 20) const;

 private:
  friend class SpaceReader;
  Space() = default;
  int64_t active(const Choice& choice, const std::vector<double>& depths) const;
  Arch build(const std::vector<std::vector<double>>& values) const;
  std::vector<double> depths_of(const Genes& genes) const;
  Arch extreme(bool largest, Extremes extremes) const;

  std::string name_, about_, model_, hash_;
  std::vector<std::pair<std::string, double>> fixed_;
  std::vector<Choice> choices_;
  std::vector<Feature> features_;
  std::vector<size_t> depth_index_;  // for each choice: the index of its depth choice, or npos
  int64_t gene_count_ = 0;
};

// The spaces that come with the library: wmt, iwslt, tiny, nano, quickstart for translation;
// bert-bottleneck, bert-homogeneous and their -tiny and -nano for BERT.
std::vector<std::string> space_names();
// A space by name, or from a JSON file when the text names one. ArgumentError lists the known names.
Space space_named(const std::string& name_or_path);
// Reads an architecture file of the space.
Arch load_arch(const Space& space, const std::filesystem::path& path);

}  // namespace mosaic::mos
