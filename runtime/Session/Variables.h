// SPDX-License-Identifier: Apache-2.0
//
// What a program keeps between entries.
//
// Storage of weights, states, optimizer slots and counters, and their names in
// files, where each copy of a repeated layer is a tensor of its own.

#ifndef LAMINA_RUNTIME_SESSION_VARIABLES_H
#define LAMINA_RUNTIME_SESSION_VARIABLES_H

#include "runtime/Checkpoint/Safetensors.h"
#include "runtime/Executor/Player.h"
#include "runtime/Session/FileParts.h"

#include <vector>

namespace lamina {
namespace runtime {

class Variables {
public:
  Variables(const Program &program, Engine &engine);
  ~Variables();
  Variables(const Variables &) = delete;

  /// The storage, whose newest value the engine may hold elsewhere.
  char *data(size_t variable) { return storage[variable].data(); }
  /// Gives a variable the value at `from`, of at most its bytes.
  void assign(size_t variable, const void *from, int64_t bytes);
  int64_t bytes(size_t variable) const { return sizes[variable]; }
  std::vector<int64_t> shape(size_t variable) const;
  void fill(size_t variable, double value);

  /// The tensors that files hold for a variable.
  std::vector<FilePart> partsInFiles(size_t variable) const;

  /// What `reading` a file takes from it.
  enum class Wanted { Weights, Everything };

  /// Copies the variables from `file` and says which it gave. Throws with the
  /// tensors that differ if the file is of another model; weights may have
  /// another real type. A variable that is not `Wanted` stays.
  std::vector<bool> load(const SafetensorsFile &file, Wanted wanted);

  /// Adds the variables to a file; `valueOf[i]` says whose value is written
  /// under the name of variable i (`final` values replace weights).
  void save(SafetensorsWriter &writer, Wanted wanted,
            const std::vector<size_t> &valueOf);

private:
  bool isWanted(size_t variable, Wanted wanted) const;
  void copyPart(const FileTensor &tensor, size_t variable,
                const FilePart &part);

  const Program &program;
  Engine &engine;
  std::vector<AlignedBlock> storage;
  std::vector<int64_t> sizes;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_SESSION_VARIABLES_H
