// The numbers of `mosaic quickstart` at its scales.
#include <algorithm>
#include <cmath>

#include "apps/common/config.h"
#include "apps/common/quickstart.h"
#include "apps/common/settings.h"
#include "apps/common/text.h"

namespace mosaic::apps {

json quickstart_plan(const std::string& scale) {
  json plan = parse_json(R"({
    "scale": "default",
    "corpus": {"source": "libreoffice-help", "languages": "en-de", "root": "/", "train": "", "valid": "", "test": "",
               "vocabulary": 2000, "valid_size": 1000, "test_size": 1000, "max_train": 0},
    "latency": {"count": 120, "repeated": 12, "repeats": 10, "limit_ms": 0, "limit_quantile": 0.5},
    "search": {"method": "evolution", "iterations": 8, "parents": 10, "mutants": 15, "children": 15, "mutation": 0.3,
               "samples": 100, "valid_pairs": 200, "measurements": 10},
    "test_pairs": 1000
  })",
                         "plan");
  json train = default_settings();
  lay_over(train, recipe(scale == "nano" ? "nano" : "quickstart"), "recipe");
  json finetune = default_finetune_settings();
  finetune["training"]["updates"] = 4500;
  finetune["training"]["max_seconds"] = 150;
  finetune["training"]["schedule"]["peak"] = 1e-3;
  finetune["training"]["log_every"] = 100;
  finetune["training"]["validate_every"] = 500;
  finetune["training"]["keep"] = 2;
  finetune["batches"] = train["batches"];
  finetune["decoding"] = train["decoding"];
  if (scale == "nano") {
    plan["scale"] = "nano";
    plan["corpus"].update(
        {{"vocabulary", 600}, {"valid_size", 200}, {"test_size", 100}, {"max_train", 4000}});
    plan["latency"].update({{"count", 24}, {"repeated", 4}, {"repeats", 5}});
    plan["search"].update({{"method", "exhaustive"}, {"valid_pairs", 50}, {"measurements", 5}});
    plan["test_pairs"] = 100;
    train["training"]["updates"] = 300;
    train["training"]["schedule"]["warmup_updates"] = 100;
    train["training"]["validate_every"] = 150;
    train["batches"]["valid_pairs"] = 100;
    finetune["training"]["updates"] = 100;
    finetune["training"]["validate_every"] = 50;
    finetune["batches"]["valid_pairs"] = 100;
  } else {
    check<UsageError>(scale == "default", "--scale", "\"", scale, "\" is not one of nano, default");
  }
  plan["train"] = std::move(train);
  plan["finetune"] = std::move(finetune);
  return plan;
}

void limit_updates(json& plan, int64_t updates) {
  json& train = plan["train"]["training"];
  const auto planned = train["updates"].get<double>();
  const auto scaled = [&](json& number) {
    number =
        std::max<int64_t>(1, std::llround(number.get<double>() * static_cast<double>(updates) / planned));
  };
  scaled(train["schedule"]["warmup_updates"]);
  scaled(plan["finetune"]["training"]["updates"]);
  train["updates"] = updates;
}

void limit_pairs(json& plan, int64_t pairs) {
  const int64_t tenth = std::max<int64_t>(1, pairs / 10);
  const auto limit = [](json& number, int64_t most) {
    number = number.get<int64_t>() == 0 ? most : std::min(number.get<int64_t>(), most);  // 0: all
  };
  limit(plan["corpus"]["max_train"], pairs);
  for (json* number : {&plan["corpus"]["valid_size"], &plan["corpus"]["test_size"], &plan["test_pairs"],
                       &plan["search"]["valid_pairs"], &plan["train"]["batches"]["valid_pairs"],
                       &plan["finetune"]["batches"]["valid_pairs"]})
    limit(*number, tenth);
}

}  // namespace mosaic::apps
