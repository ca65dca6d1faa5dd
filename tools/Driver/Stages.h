// SPDX-License-Identifier: Apache-2.0
//
// The levels between source and program.

#ifndef LAMINA_TOOLS_DRIVER_STAGES_H
#define LAMINA_TOOLS_DRIVER_STAGES_H

#include <optional>
#include <string>
#include <vector>

namespace lamina::driver {

enum class Stage {
#define LAMINA_STAGE(id, name, ending, description) id,
#include "tools/Driver/Stages.def"
};

struct StageInfo {
  Stage stage;
  const char *name;
  const char *ending;
  const char *description;
};

/// All stages, in order.
const std::vector<StageInfo> &stages();

const StageInfo &info(Stage stage);

/// What a stage of "char_gpt" is called as a file: "char_gpt.graph.mlir",
/// "libchar_gpt.so".
std::string fileName(const std::string &stem, Stage stage);

/// The stage of this name, if there is one.
std::optional<Stage> stageByName(const std::string &name);

} // namespace lamina::driver

#endif // LAMINA_TOOLS_DRIVER_STAGES_H
