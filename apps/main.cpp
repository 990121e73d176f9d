// The `mosaic` program: a table of commands.
#include "apps/commands/commands.h"

int main(int argc, char** argv) {
  using namespace mosaic::apps;
  const std::vector<Command> commands = {
      {"quickstart", "The whole pipeline on a real corpus: prepare, train, search, extract, translate",
       declare_quickstart},
      {"data", "Prepare, check and describe translation data", declare_data},
      {"train", "Train a supernet, or one architecture from scratch", declare_train},
      {"latency", "Measure latencies on this machine, fit a predictor, predict", declare_latency},
      {"search", "Find the best architecture of a supernet under a limit", declare_search},
      {"extract", "Make a static model of one architecture of a supernet", declare_extract},
      {"finetune", "Train an extracted model further, or a BERT on GLUE", declare_finetune},
      {"translate", "Translate lines of text", declare_translate},
      {"evaluate", "BLEU and loss of a model on a test set", declare_evaluate},
      {"score", "Score translations and GLUE predictions", declare_score},
      {"space", "Count, sample, encode and describe architectures", declare_space},
      {"report", "Write the HTML report of a run", declare_report},
      {"inspect", "Contents of a checkpoint or tensor file", declare_inspect},
      {"analyze", "What a supernet's mixture does: coefficients, experts, route swaps", declare_analyze},
      {"bench", "Measure this machine, and products, ops, updates and evaluations on it", declare_bench},
      {"selftest", "Check every operation and its gradient on this machine", declare_selftest},
  };
  return run_program(commands, argc, argv);
}
