// SPDX-License-Identifier: Apache-2.0
//
// Attributes, types and sizes as JSON.

#ifndef LAMINA_BACKENDS_TAPE_TAPEJSON_H
#define LAMINA_BACKENDS_TAPE_TAPEJSON_H

#include "dialects/Graph/SizeExpr.h"

#include "llvm/Support/JSON.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace lamina {

/// E of docs/tape.md: a number, a name, or an operation on such.
llvm::json::Value toJson(const graph::SizeExpr &size);

/// T of docs/tape.md.
llvm::json::Value toJson(mlir::RankedTensorType type);

/// "f32", "i64" …
std::string toText(mlir::Type element);

/// A plain attribute of a `program` op. Nothing if it has no form in JSON.
std::optional<llvm::json::Value> toJson(mlir::Attribute attribute);

} // namespace lamina

#endif // LAMINA_BACKENDS_TAPE_TAPEJSON_H
