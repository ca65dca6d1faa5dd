// SPDX-License-Identifier: Apache-2.0
//
// Keys of draws from their dotted paths.
//
// Chains of `graph.key`, as docs/random.md says.

#include "passes/Model/Draws.h"

#include "dialects/Graph/GraphOps.h"

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

/// FNV-1a, 64 bits.
static int64_t hashPath(StringRef path) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (char c : path)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return static_cast<int64_t>(hash);
}

Value lamina::buildDrawKey(OpBuilder &builder, Location loc, Value key,
                           ArrayRef<std::string> names,
                           ArrayRef<Value> numbers) {
  auto type = RankedTensorType::get({}, builder.getI64Type());
  Value hash = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(type, hashPath(llvm::join(names, "."))));
  key = graph::KeyOp::create(builder, loc, key, hash);
  for (Value number : numbers)
    key = graph::KeyOp::create(builder, loc, key, number);
  return key;
}
