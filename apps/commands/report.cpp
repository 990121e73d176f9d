// mosaic report: the HTML report of a run, made again from its files.
#include "apps/commands/commands.h"
#include "apps/common/reports.h"

namespace mosaic::apps {

void declare_report(CLI::App& app, Program& program) {
  auto directory = std::make_shared<std::string>();
  word(app, "run", *directory, "Run directory")->required();
  json_flag(app, program);
  examples(app, {"mosaic report runs/neuron"});
  on_chosen(app, program, [directory, &program] {
    const std::filesystem::path path = write_report(*directory);
    if (program.json)
      put_json({{"report", path.string()}});
    else
      put(path.string() + "\n");
  });
}

}  // namespace mosaic::apps
