// SPDX-License-Identifier: Apache-2.0
//
// The loops of a definition as a schedule has made them, and what is known of
// them.

#ifndef LAMINA_BACKENDS_HALIDE_LOOPS_H
#define LAMINA_BACKENDS_HALIDE_LOOPS_H

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>
#include <string>
#include <vector>

#include "Halide.h"

namespace lamina::halide {

struct Loop {
  std::string name;
  Halide::VarOrRVar var;
  bool isOfRows = false; ///< made of axes of the rows alone
  bool isInTile = true;  ///< does not leave the tile where it begins
  int64_t tile = 0;      ///< else how many rounds of it a tile has
};

/// The loops of a definition, the innermost first.
struct Loops {
  std::vector<Loop> all;

  Loop *find(const std::string &name) {
    auto found = llvm::find_if(all, [&](auto &it) { return it.name == name; });
    return found == all.end() ? nullptr : &*found;
  }
  std::string names() const {
    return llvm::join(llvm::map_range(all, [](auto &it) { return it.name; }),
                      ", ");
  }
  std::vector<std::string> sums() const {
    std::vector<std::string> list;
    for (const Loop &it : all)
      if (it.var.is_rvar)
        list.push_back(it.name);
    return list;
  }
  auto at(const std::string &name) const {
    return llvm::find_if(all, [&](auto &it) { return it.name == name; });
  }
  /// Whether `name` and all loops around it are of rows.
  bool areRows(const std::string &name) const {
    return std::all_of(at(name), all.end(),
                       [](auto &it) { return it.isOfRows; });
  }
  /// Whether the loops inside of `name` stay in one tile.
  bool isOneTile(const std::string &name) const {
    return std::all_of(all.begin(), at(name),
                       [](auto &it) { return it.isInTile; });
  }
};

} // namespace lamina::halide

#endif // LAMINA_BACKENDS_HALIDE_LOOPS_H
