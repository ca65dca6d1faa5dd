// SPDX-License-Identifier: Apache-2.0
//
// What the records of an entry mean.
//
// The walk over loops, choices and host arithmetic is the same wherever kernels
// run; what touches memory is left to the player of a device. Addresses are
// never read here, so they may be those of another memory.

#ifndef LAMINA_RUNTIME_EXECUTOR_TAPEWALK_H
#define LAMINA_RUNTIME_EXECUTOR_TAPEWALK_H

#include "runtime/Executor/Instance.h"
#include "runtime/include/Engine.h"

#include <string>
#include <vector>

namespace lamina {
namespace runtime {

/// Writes a host value as one element (two for a key).
void storeValue(Element element, char *to, const HostValue &value);

class TapeWalk {
public:
  virtual ~TapeWalk() = default;

protected:
  using N = int64_t;

  /// A copy on its way.
  struct Move {
    char *to;
    const char *from;
    N bytes;
  };

  /// Registers from the arguments, which stand in the host's memory.
  void readArguments(const TapeEntry &entry, const EntryCall &call);

  void playAll(const std::vector<Record<N>> &records);
  char *at(const Address<N> &address) const;
  HostValue read(const Operand<N> &operand) const;
  /// The scalars of one call of a kernel as runtime/ABI/Kernel.h lays them out.
  void writeScalars(const LaunchPart<N> &part,
                    const std::vector<ScalarKind> &kinds,
                    std::vector<uint64_t> &words) const;

  virtual void launch(const Record<N> &record) = 0;
  /// All are read before any is written.
  virtual void move(const std::vector<Move> &moves) = 0;
  virtual void copy(const Move &move) = 0;
  virtual void zero(char *to, N bytes) = 0;
  virtual void put(Element element, char *to, const HostValue &value) = 0;
  /// A byte or a number that the walk depends on.
  virtual bool isSet(const char *word) = 0;
  virtual N numberAt(const char *number) = 0;
  /// What a value of the host decides of the walk.
  virtual void decided(bool) {}

  std::vector<char *> bases;
  std::vector<HostValue> registers;
  std::vector<N> rounds; ///< index of each loop

private:
  void playOne(const Record<N> &record);
  bool holds(const Record<N> &record);
  void playLoop(const Record<N> &loop);
  void playHost(const Record<N> &record);
  void playMoves(const Record<N> &record);
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_EXECUTOR_TAPEWALK_H
