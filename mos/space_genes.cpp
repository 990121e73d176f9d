// Genes, counting and numbering of a space's architectures.
#include <algorithm>

#include "engine/core/error.h"
#include "mos/space.h"

namespace mosaic::mos {

namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

Count times(Count a, Count b) {
  check(b == 0 || a <= ~Count{0} / b, "space", "the number of architectures does not fit 128 bits");
  return a * b;
}

Count power(Count base, int64_t exponent) {
  Count out = 1;
  for (int64_t i = 0; i < exponent; ++i) out = times(out, base);
  return out;
}

}  // namespace

std::string count_text(Count count) {
  std::string digits;
  do digits.push_back(static_cast<char>('0' + static_cast<int>(count % 10)));
  while ((count /= 10) != 0);
  return {digits.rbegin(), digits.rend()};
}

const Choice& Space::gene_choice(int64_t gene) const {
  check(gene >= 0 && gene < gene_count_, "space", "gene ", gene, " of ", gene_count_);
  size_t i = 0;
  while (gene >= choices_[i].repeat) gene -= choices_[i++].repeat;
  return choices_[i];
}

Genes Space::sample_genes(Generator& generator) const {
  Genes genes;
  for (const Choice& c : choices_)
    for (int64_t l = 0; l < c.repeat; ++l)
      genes.push_back(c.values[static_cast<size_t>(generator.below(c.values.size()))]);
  return genes;
}

Genes Space::mutate(const Genes& genes, double probability, Generator& generator) const {
  check(static_cast<int64_t>(genes.size()) == gene_count_, "mutate", genes.size(), " genes, space \"", name_,
        "\" has ", gene_count_);
  check(probability >= 0 && probability <= 1, "mutate", "probability ", probability, " is outside [0, 1]");
  Genes out = genes;
  size_t g = 0;
  for (const Choice& c : choices_)
    for (int64_t l = 0; l < c.repeat; ++l, ++g)
      if (generator.uniform() < probability)
        out[g] = c.values[static_cast<size_t>(generator.below(c.values.size()))];
  return out;
}

Genes Space::cross(const Genes& a, const Genes& b, Generator& generator) const {
  check(static_cast<int64_t>(a.size()) == gene_count_ && a.size() == b.size(), "cross", a.size(), " and ",
        b.size(), " genes, space \"", name_, "\" has ", gene_count_);
  Genes out = a;
  for (size_t g = 0; g < out.size(); ++g)
    if (generator.below(2) == 1) out[g] = b[g];
  return out;
}

Arch Space::from_genes(const Genes& genes) const {
  check(static_cast<int64_t>(genes.size()) == gene_count_, "genes", genes.size(), " genes, space \"", name_,
        "\" has ", gene_count_);
  std::vector<std::vector<double>> values;
  auto at = genes.begin();
  for (const Choice& c : choices_) {
    values.emplace_back(at, at + c.repeat);
    at += c.repeat;
    for (const double v : values.back()) c.code(v);  // refuses what is no choice
  }
  return build(values);
}

Genes Space::to_genes(const Arch& arch) const {
  if (const auto reason = why_not(arch))
    throw ArgumentError("genes", "the architecture is not of the space: " + *reason);
  Genes genes;
  for (size_t i = 0; i < choices_.size(); ++i) {
    std::vector<double> values = arch.entries()[i].values;
    values.resize(static_cast<size_t>(choices_[i].repeat), choices_[i].values[0]);
    genes.insert(genes.end(), values.begin(), values.end());
  }
  return genes;
}

// Choices that hang on one depth are counted together: sum over depths L of (values a layer)^L. Depths and
// what hangs on them are independent of everything else, so the parts multiply.
Count Space::count() const {
  Count total = 1;
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (depth_index_[i] != kNone) continue;  // counted with its depth
    Count layer = 1;
    bool is_depth = false;
    for (size_t j = 0; j < choices_.size(); ++j)
      if (depth_index_[j] == i) is_depth = true, layer = times(layer, choices_[j].values.size());
    Count part = is_depth ? 0 : power(choices_[i].values.size(), choices_[i].repeat);
    if (is_depth)
      for (const double depth : choices_[i].values) part += power(layer, static_cast<int64_t>(depth));
    total = times(total, part);
  }
  return total;
}

Arch Space::nth(Count index) const {
  check(index < count(), "nth", "architecture ", count_text(index), " of ", count_text(count()));
  std::vector<std::vector<double>> values;
  for (const Choice& c : choices_) values.emplace_back(static_cast<size_t>(c.repeat), c.values[0]);
  const auto take = [&](Count base) {
    const Count digit = index % base;
    index /= base;
    return digit;
  };
  for (size_t i = 0; i < choices_.size(); ++i) {
    if (depth_index_[i] != kNone) continue;
    std::vector<size_t> hanging;
    Count layer = 1;
    for (size_t j = 0; j < choices_.size(); ++j)
      if (depth_index_[j] == i) hanging.push_back(j), layer = times(layer, choices_[j].values.size());
    if (hanging.empty()) {
      for (double& v : values[i])
        v = choices_[i].values[static_cast<size_t>(take(choices_[i].values.size()))];
      continue;
    }
    Count part = 0;
    for (const double depth : choices_[i].values) part += power(layer, static_cast<int64_t>(depth));
    Count digit = take(part);
    size_t d = 0;
    while (digit >= power(layer, static_cast<int64_t>(choices_[i].values[d])))
      digit -= power(layer, static_cast<int64_t>(choices_[i].values[d++]));
    values[i][0] = choices_[i].values[d];
    for (int64_t l = 0; l < static_cast<int64_t>(choices_[i].values[d]); ++l)
      for (const size_t j : hanging) {
        const auto& of = choices_[j].values;
        values[j][static_cast<size_t>(l)] = of[static_cast<size_t>(digit % of.size())];
        digit /= of.size();
      }
  }
  return build(values);
}

std::vector<Arch> Space::enumerate(uint64_t limit) const {
  const Count n = count();
  check(n <= limit, "enumerate", "space \"", name_, "\" has ", count_text(n), " architectures, more than ",
        limit);
  std::vector<Arch> out;
  out.reserve(static_cast<size_t>(n));
  for (Count i = 0; i < n; ++i) out.push_back(nth(i));
  return out;
}

}  // namespace mosaic::mos
