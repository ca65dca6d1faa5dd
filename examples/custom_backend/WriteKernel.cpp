// SPDX-License-Identifier: Apache-2.0
//
// A kernel as C.
//
// One `linalg.generic` -> nested loops, a line for each op of its body. The
// first loop is split into items, so that threads share it.

#include "WriteKernel.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;
using lamina::kernel::FuncOp;

/// The C of an op, with {0}, {1} … for its operands; null if there is none.
static const char *formOf(Operation &op) {
  return llvm::StringSwitch<const char *>(op.getName().getStringRef())
      .Case("arith.addf", "{0} + {1}")
      .Case("arith.subf", "{0} - {1}")
      .Case("arith.mulf", "{0} * {1}")
      .Case("arith.divf", "{0} / {1}")
      .Case("arith.negf", "-{0}")
      .Case("arith.maximumf", "{0} > {1} || {0} != {0} ? {0} : {1}")
      .Case("arith.minimumf", "{0} < {1} || {0} != {0} ? {0} : {1}")
      .Case("arith.sitofp", "(float){0}")
      .Case("math.sqrt", "__builtin_sqrtf({0})")
      .Case("math.absf", "__builtin_fabsf({0})")
      .Default(nullptr);
}

static const char *typeOf(Type type) {
  if (type.isF32())
    return "float";
  return type.isInteger(32) ? "int32_t" : nullptr;
}

namespace {

class Writer {
public:
  explicit Writer(FuncOp kernel) : kernel(kernel), out(text.code) {}
  CText write();

private:
  bool refuse(const llvm::Twine &why) {
    text.why = why.str();
    return false;
  }
  bool findLoops();
  bool declareArguments();
  bool writeBody();
  bool writeOp(Operation &op);
  bool findTensor(BlockArgument argument, Value operand);

  /// Sizes and indices as C.
  std::string sizeOf(unsigned tensor, unsigned axis) const;
  std::string element(unsigned tensor, AffineMap map) const;
  static std::string index(AffineExpr expr);

  FuncOp kernel;
  linalg::GenericOp nest;
  SmallVector<BlockArgument> tensors; ///< the ins, then the outs
  llvm::DenseMap<Value, std::string> names;
  CText text;
  llvm::raw_string_ostream out;
};

} // namespace

std::string Writer::sizeOf(unsigned tensor, unsigned axis) const {
  auto type = cast<RankedTensorType>(tensors[tensor].getType());
  if (!type.isDynamicDim(axis))
    return std::to_string(type.getDimSize(axis));
  unsigned before =
      llvm::count_if(type.getShape().take_front(axis), ShapedType::isDynamic);
  auto shape = const_cast<FuncOp &>(kernel).getShape(tensor);
  return "dims[" + std::to_string(shape[before]) + "]";
}

std::string Writer::index(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return std::to_string(constant.getValue());
  if (auto loop = dyn_cast<AffineDimExpr>(expr))
    return "i" + std::to_string(loop.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(expr);
  // Indices are never negative, so that / and % round down in C as well.
  const char *op = expr.getKind() == AffineExprKind::Add   ? " + "
                   : expr.getKind() == AffineExprKind::Mul ? " * "
                   : expr.getKind() == AffineExprKind::Mod ? " % "
                                                           : " / ";
  return "(" + index(binary.getLHS()) + op + index(binary.getRHS()) + ")";
}

std::string Writer::element(unsigned tensor, AffineMap map) const {
  std::string place = "0";
  for (auto [axis, expr] : llvm::enumerate(map.getResults()))
    place =
        "(" + place + " * " + sizeOf(tensor, axis) + " + " + index(expr) + ")";
  const char *type = typeOf(
      cast<RankedTensorType>(tensors[tensor].getType()).getElementType());
  return llvm::formatv("(({0} *)buffers[{1}])[{2}]", type, tensor, place);
}

/// The one nest of the kernel, whose loops are the axes of its first out.
bool Writer::findLoops() {
  if (kernel.getKind() != lamina::kernel::Kind::Map)
    return refuse("c_source takes maps, and this is a kernel of kind '" +
                  lamina::kernel::stringifyKind(kernel.getKind()) + "'");
  for (Operation &op : kernel.getBlock()->without_terminator()) {
    if (isa<arith::ConstantOp>(op))
      continue;
    auto generic = dyn_cast<linalg::GenericOp>(op);
    if (!generic)
      return refuse("c_source has no '" + op.getName().getStringRef() +
                    "' between loops");
    if (nest)
      return refuse("c_source takes one loop nest, and this kernel has more");
    nest = generic;
  }
  if (!nest)
    return refuse("c_source takes one loop nest, and this kernel has none");
  AffineMap map = nest.getIndexingMapsArray()[nest.getNumDpsInputs()];
  if (!map.isIdentity())
    return refuse("c_source writes whole tensors in order only");
  return true;
}

/// A name in C for each argument of the nest's body that is in memory.
bool Writer::findTensor(BlockArgument argument, Value operand) {
  auto found = llvm::find(tensors, operand);
  if (found == tensors.end())
    return refuse("c_source reads whole arguments only");
  unsigned tensor = found - tensors.begin();
  unsigned position = argument.getArgNumber();
  names[argument] = element(tensor, nest.getIndexingMapsArray()[position]);
  return true;
}

bool Writer::declareArguments() {
  llvm::append_range(tensors, kernel.getInArgs());
  llvm::append_range(tensors, kernel.getOutArgs());
  for (BlockArgument tensor : tensors) {
    Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
    if (!typeOf(element)) {
      std::string name;
      llvm::raw_string_ostream(name) << element;
      return refuse("c_source has no tensors of " + name);
    }
  }
  for (auto [i, scalar] : llvm::enumerate(kernel.getScalarArgs())) {
    const char *type = typeOf(scalar.getType());
    if (!type)
      return refuse("c_source has only scalars of f32 and i32");
    // Each scalar has 8 bytes of its own.
    names[scalar] = llvm::formatv("*(const {0} *)((const char *)scalars + {1})",
                                  type, 8 * i);
  }
  for (BlockArgument argument : nest.getBlock()->getArguments())
    if (!findTensor(argument, nest->getOperand(argument.getArgNumber())))
      return false;
  return true;
}

bool Writer::writeOp(Operation &op) {
  std::string name = "v" + std::to_string(names.size());
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto number = dyn_cast<FloatAttr>(constant.getValue());
    if (!number || !number.getType().isF32() || !number.getValue().isFinite())
      return refuse("c_source has only constants of f32, and finite ones");
    // Nine digits are enough to read the same float again.
    llvm::raw_string_ostream(names[constant])
        << llvm::format("(%.8ef)", number.getValueAsDouble());
    return true;
  }
  const char *form = formOf(op);
  if (!form || !llvm::all_of(op.getResultTypes(), typeOf))
    return refuse("c_source has no '" + op.getName().getStringRef() + "'");
  std::string x = names.lookup(op.getOperand(0));
  std::string y = op.getNumOperands() > 1 ? names.lookup(op.getOperand(1)) : "";
  out << "  " << typeOf(op.getResult(0).getType()) << " " << name << " = "
      << llvm::formatv(form, x, y).str() << ";\n";
  names[op.getResult(0)] = name;
  return true;
}

/// All ops read before the first result is written: an out may be an in.
bool Writer::writeBody() {
  for (Operation &op : kernel.getBlock()->without_terminator())
    if (isa<arith::ConstantOp>(op) && !writeOp(op))
      return false;
  for (Operation &op : nest.getBlock()->without_terminator())
    if (!writeOp(op))
      return false;
  auto results = nest.getBlock()->getTerminator()->getOperands();
  for (auto [i, result] : llvm::enumerate(results)) {
    unsigned position = nest.getNumDpsInputs() + i;
    out << "  " << names.lookup(nest.getBlock()->getArgument(position)) << " = "
        << names.lookup(result) << ";\n";
  }
  return true;
}

CText Writer::write() {
  if (!findLoops() || !declareArguments())
    return {"", text.why};
  unsigned loops = nest.getNumLoops();
  unsigned firstOut = kernel.getInArgs().size();
  std::string name = kernel.getSymName().str();
  std::string items = loops ? sizeOf(firstOut, 0) : "1";
  out << "#include <stdint.h>\n"
      << "int64_t " << name << "_items(const int64_t *dims) { return " << items
      << "; }\n"
      << "int64_t " << name << "_scratch(const int64_t *dims) { return 0; }\n"
      << "void " << name << "(void *const *buffers, const int64_t *dims,\n"
      << "  const void *scalars, int64_t first, int64_t last, void *scratch) "
         "{\n"
      << "  for (int64_t i0 = first; i0 < last; ++i0)\n";
  for (unsigned i = 1; i < loops; ++i)
    out << llvm::formatv("  for (int64_t i{0} = 0; i{0} < {1}; ++i{0})\n", i,
                         sizeOf(firstOut, i));
  out << "  {\n";
  if (!writeBody())
    return {"", text.why};
  out << "  }\n}\n";
  return {text.code, ""};
}

CText writeKernel(FuncOp kernel) { return Writer(kernel).write(); }
