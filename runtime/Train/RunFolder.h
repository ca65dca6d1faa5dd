// SPDX-License-Identifier: Apache-2.0
//
// The files of a training run.
//
// `DIR/step-N.safetensors`, `DIR/weights.safetensors`, `DIR/log.jsonl`.

#ifndef LAMINA_RUNTIME_TRAIN_RUNFOLDER_H
#define LAMINA_RUNTIME_TRAIN_RUNFOLDER_H

#include <cstdint>
#include <string>
#include <vector>

namespace lamina {
namespace runtime {

class RunFolder {
public:
  explicit RunFolder(std::string path) : path(std::move(path)) {}

  std::string checkpoint(int64_t step) const;
  std::string weights() const { return path + "/weights.safetensors"; }
  /// Weights as training goes on with them, where files have `final` ones.
  std::string best() const { return path + "/best.safetensors"; }
  std::string log() const { return path + "/log.jsonl"; }

  /// Steps of the checkpoints that are there, the last one first.
  std::vector<int64_t> steps() const;
  /// Removes all checkpoints but the `kept` last ones.
  void prune(size_t kept) const;

  const std::string path;
};

/// "run1", or the first of run2, run3, … that does not exist.
std::string freeRunFolder();

/// The weights file that a flag names: a file, or a folder of a run. Throws.
std::string weightsFile(const std::string &flag);

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_TRAIN_RUNFOLDER_H
