//===- Explain.cpp - What a file turns into -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// GRAPH and PLANNED modules -> tables for people: names of layers, sizes and
// source lines, never names of values.
//
//===----------------------------------------------------------------------===//

#include "tools/Driver/Compilation.h"
