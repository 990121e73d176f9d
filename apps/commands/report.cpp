// mosaic report: the HTML report of a run, made again from its files.
#include "apps/commands/commands.h"
#include "apps/common/reports.h"

namespace mosaic::apps {

void declare_report(CLI::App& app, Program& program) {
  auto directory = std::make_shared<std::string>();
  required(word(app, "run", *directory, "Run directory"));
  json_flag(app, program);
  examples(app, {"mosaic report runs/neuron"});
  on_chosen(app, program, [directory, &program] {
    const std::filesystem::path path = write_report(*directory);
    if (program.json)
      put_json({{"report", path_text(path)}});
    else
      put(path.string() + "\n");
  });
}

}  // namespace mosaic::apps
