// SPDX-License-Identifier: Apache-2.0
//
// MLIR headers compiled once.
//
// Gives the precompiled header a target of its own.
