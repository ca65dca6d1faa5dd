// SPDX-License-Identifier: Apache-2.0
//
// Positions and last uses in a block.

#include "passes/Kernel/Liveness.h"

#include "dialects/Graph/GraphOps.h"

using namespace mlir;
using namespace lamina;

BlockLiveness::BlockLiveness(Block &block) : block(block) {
  unsigned next = 0;
  for (Operation &op : block)
    positions[&op] = next++;
}

unsigned BlockLiveness::getLastUse(Value value) const {
  if (auto found = lastUses.find(value); found != lastUses.end())
    return found->second;
  unsigned last = 0;
  for (Operation *user : value.getUsers()) {
    Operation *here = block.findAncestorOpInBlock(*user);
    if (!here)
      continue;
    last = std::max(last, getPosition(here));
    if (isa<graph::ReshapeOp>(user))
      last = std::max(last, getLastUse(user->getResult(0)));
  }
  return lastUses[value] = last;
}
