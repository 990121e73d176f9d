#include "apps/common/ranking.h"

#include <algorithm>
#include <cmath>

#include "apps/common/bert_models.h"
#include "apps/common/mlm_data.h"
#include "apps/common/models.h"
#include "apps/common/output.h"
#include "apps/common/prepared.h"
#include "apps/common/sentences.h"
#include "apps/common/text.h"
#include "nas/model_loss.h"
#include "nas/statistics.h"

namespace mosaic::apps {
namespace fs = std::filesystem;
namespace {

struct Row {
  mos::Arch arch;
  double parameters = 0, flops = 0, supernet = 0, alone = 0;
};

template <class Supernet, class Open>
std::vector<Row> rows_of(Supernet& from, const std::vector<fs::path>& alone, const Open& open,
                         const std::vector<nn::Batch>& batches) {
  auto& supernet = *from.supernet;
  const mos::Space& space = supernet.space();
  std::vector<Row> rows;
  for (const fs::path& folder : alone) {
    const fs::path directory = fs::exists(folder / "model") ? folder / "model" : folder;
    const auto model = open(directory);
    const std::string where = (directory / "config.json").string();
    check<FormatError>(!model.facts.arch.is_null() && !model.facts.space.is_null(), where.c_str(),
                       "names no architecture of a space");
    const mos::Space its = mos::Space::from_json(model.facts.space, where + ": space");
    check<FormatError>(its.hash() == space.hash(), where.c_str(), "is of space ", its.name(),
                       ", the supernet is of ", space.name());
    check<FormatError>(model.vocabulary_hash() == from.vocabulary_hash(), where.c_str(),
                       "has another vocabulary than the supernet");
    Row row{.arch = space.parse(model.facts.arch, where + ": arch")};
    row.parameters = static_cast<double>(mos::parameters(space, row.arch));
    row.flops = static_cast<double>(mos::flops(space, row.arch).body());
    row.alone = nas::evaluate(*model.model, batches, 0).mean();
    row.supernet = nas::supernet_score(supernet, batches, 0)(row.arch).loss;
    detail(row.arch.text(), ": supernet ", row.supernet, ", alone ", row.alone);
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.alone < b.alone; });
  return rows;
}

json tau(const std::vector<Row>& rows, const std::vector<double>& alone, double Row::*value, double sign) {
  std::vector<double> values;
  for (const Row& row : rows) values.push_back(sign * row.*value);
  const double t = nas::kendall_tau(values, alone);
  return std::isfinite(t) ? json(t) : json();
}

json summary(const std::vector<Row>& rows) {
  std::vector<double> alone, supernet, gaps;
  json list = json::array();
  for (const Row& row : rows) {
    alone.push_back(row.alone);
    supernet.push_back(row.supernet);
    gaps.push_back(row.supernet - row.alone);
    list.push_back({{"arch", row.arch.to_json()},
                    {"parameters", row.parameters},
                    {"flops", row.flops},
                    {"supernet", row.supernet},
                    {"alone", row.alone}});
  }
  return {{"rows", std::move(list)},
          {"tau",
           {{"supernet", tau(rows, alone, &Row::supernet, 1)},
            {"parameters", tau(rows, alone, &Row::parameters, -1)},
            {"flops", tau(rows, alone, &Row::flops, -1)}}},
          {"mean_absolute_error", nas::mean_absolute_error(supernet, alone)},
          {"gap", nas::mean(gaps)}};
}

}  // namespace

json rank_architectures(const fs::path& supernet_run, const std::string& checkpoint,
                        const std::vector<fs::path>& alone, const fs::path& data_directory,
                        int64_t valid_examples, int64_t max_tokens) {
  check<UsageError>(alone.size() >= 2, "--alone", "is needed at least twice: a ranking is of several models");
  if (supernet_kind(supernet_run) == "bert") {
    SuperBertRun from = open_super_bert(supernet_run, checkpoint);
    const MlmData data = open_mlm_data(data_directory);
    return summary(rows_of(from, alone, open_bert, validation_set(data, {}, max_tokens, valid_examples)));
  }
  SupernetRun from = open_supernet(supernet_run, checkpoint);
  return summary(rows_of(from, alone, open_model,
                         validation_set(open_data(data_directory),
                                        {.max_tokens = max_tokens, .drop_long = true}, valid_examples)));
}

}  // namespace mosaic::apps
