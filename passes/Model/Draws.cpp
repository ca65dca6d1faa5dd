// SPDX-License-Identifier: Apache-2.0
//
// Keys of draws from their dotted paths.
//
// Chains of `graph.key`, as docs/random.md says.

#include "passes/Model/Draws.h"

#include "dialects/Graph/GraphOps.h"
#include "dialects/Graph/PathHash.h"

#include "llvm/ADT/StringExtras.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lamina;

void DrawPath::append(StringRef text) {
  SmallVector<StringRef> parts;
  text.split(parts, '.', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    PathNumber number;
    if (!part.getAsInteger(10, number.constant))
      numbers.push_back(number);
    else
      names.push_back(part.str());
  }
}

void DrawPath::appendLayer(StringRef text) {
  append(text);
  if (!layer.empty() && !text.empty())
    layer += '.';
  layer += text;
}

void DrawPath::append(const DrawPath &path) {
  if (!layer.empty() && !path.layer.empty())
    layer += '.';
  layer += path.layer;
  llvm::append_range(names, path.names);
  llvm::append_range(numbers, path.numbers);
  llvm::append_range(rounds, path.rounds);
}

Value lamina::buildDrawKey(OpBuilder &builder, Location loc, Value key,
                           ArrayRef<std::string> names,
                           ArrayRef<Value> numbers) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  Value hash = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(type,
                             int64_t(graph::hashPath(llvm::join(names, ".")))));
  key = graph::KeyOp::create(builder, loc, key, hash);
  for (Value number : numbers)
    key = graph::KeyOp::create(builder, loc, key, number);
  return key;
}
