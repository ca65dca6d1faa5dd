// SPDX-License-Identifier: Apache-2.0
//
// Copies to shared memory that one thread has begun.
//
// cp.async: a copy is done when its thread waits for the group that it belongs
// to. Nothing is copied before, so a kernel that does not wait reads poison,
// and one that overwrites the source too soon copies the wrong bytes.

#ifndef LAMINA_RUNTIME_EMULATOR_COPYQUEUE_H
#define LAMINA_RUNTIME_EMULATOR_COPYQUEUE_H

#include <deque>
#include <vector>

namespace lamina::emulator {

/// `valid` bytes of `from`, and zeros behind them up to `bytes`.
struct Copy {
  char *to;
  const char *from;
  int bytes, valid;

  void run() const;
};

class CopyQueue {
public:
  void clear();
  void begin(const Copy &copy) { open.push_back(copy); }
  void commit();
  /// Removes all groups but the last `pending`; returns their copies in order.
  std::vector<Copy> wait(int pending);

private:
  std::vector<Copy> open;
  std::deque<std::vector<Copy>> groups;
};

} // namespace lamina::emulator

#endif // LAMINA_RUNTIME_EMULATOR_COPYQUEUE_H
