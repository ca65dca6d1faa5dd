// SPDX-License-Identifier: Apache-2.0
//
// The levels between source and program.

#include "tools/Driver/Stages.h"

namespace lamina::driver {

const std::vector<StageInfo> &stages() {
  static const std::vector<StageInfo> all = {
#define LAMINA_STAGE(id, name, ending, description)                            \
  {Stage::id, name, ending, description},
#include "tools/Driver/Stages.def"
  };
  return all;
}

const StageInfo &info(Stage stage) {
  return stages()[static_cast<size_t>(stage)];
}

std::string fileName(const std::string &stem, Stage stage) {
  std::string name = info(stage).name, ending = info(stage).ending;
  switch (stage) {
  case Stage::Program:
    return stem;
  case Stage::Library:
    return "lib" + stem + "." + ending;
  case Stage::Object:
    return stem + "." + ending;
  default:
    return stem + "." + name + (name == ending ? "" : "." + ending);
  }
}

std::optional<Stage> stageByName(const std::string &name) {
  for (const StageInfo &it : stages())
    if (name == it.name)
      return it.stage;
  return std::nullopt;
}

} // namespace lamina::driver
