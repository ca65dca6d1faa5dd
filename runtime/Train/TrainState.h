// SPDX-License-Identifier: Apache-2.0
//
// Where a training run stands.
//
// Everything beside the variables that resuming needs, as text for the metadata
// of a checkpoint and back.

#ifndef LAMINA_RUNTIME_TRAIN_TRAINSTATE_H
#define LAMINA_RUNTIME_TRAIN_TRAINSTATE_H

#include "runtime/Data/Feed.h"

#include <map>
#include <string>

namespace lamina {
namespace runtime {

struct TrainState {
  std::string train; ///< name of the subcommand
  size_t stage = 0;
  int64_t step = 0;      ///< done, over all stages
  int64_t stageStep = 0; ///< done in this stage
  int64_t seed = 0;
  std::map<std::string, Feed::Position> feeds; ///< of this stage
  bool hasBest = false; ///< of what `keep` compares, in this stage
  double best = 0;
  int64_t bestStep = 0;
  int64_t worseReports = 0; ///< since the best one

  std::string toText() const;
  /// Throws if `text` is no such state.
  static TrainState fromText(const std::string &text, const std::string &file);
};

/// The key of the state in a checkpoint's metadata.
constexpr const char *trainStateKey = "lamina.train";

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_TRAIN_TRAINSTATE_H
