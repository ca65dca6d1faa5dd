//===- Precompiled.cpp - MLIR headers compiled once -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0
//
// Gives the precompiled header a target of its own.
