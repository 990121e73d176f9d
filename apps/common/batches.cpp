#include "apps/common/batches.h"

namespace mosaic::apps {

json cursor_of(const std::string& identity, const data::DataPosition& position) {
  return {{"data", identity}, {"position", data::describe(position)}};
}

data::DataPosition position_from(const json& cursor, const std::string& identity, int64_t batches) {
  Fields fields(cursor, "data cursor");
  const std::string found = fields.text("data");
  check<FormatError>(found == identity, "data cursor", "is of other training data (", found, ", this is ",
                     identity, ")");
  const data::DataPosition position = data::data_position(fields.object("position"), "data cursor");
  fields.finish();
  check<FormatError>(position.batch < batches || position.batch == 0, "data cursor", "batch ", position.batch,
                     " is outside the ", batches, " of an epoch");
  return position;
}

}  // namespace mosaic::apps
