// SPDX-License-Identifier: Apache-2.0
//
// The exported functions of a kernel around its steps.
//
// Items are boxes of a grid over the outs. Halide computes whatever part of an
// out it is asked for, so an item is a call with outs cropped to its box; items
// that follow each other along the last axis of the grid are one box. The
// buffers are described on the stack, and the steps are inlined, so nothing of
// the descriptions is left.

#include "backends/Halide/EntryPoints.h"

#include "backends/CPU/CompileKernel.h"
#include "backends/CPU/Frame.h"

#include "llvm/IR/Constants.h"

using namespace llvm;

namespace lamina::halide {

namespace {

/// halide_dimension_t of HalideRuntime.h, in bytes.
namespace axis {
constexpr uint64_t bytes = 16, min = 0, extent = 4, stride = 8;
} // namespace axis

/// halide_buffer_t, in bytes.
struct BufferLayout {
  uint64_t bytes, host, type, dimensions, dim;
  static constexpr uint64_t device = 0;

  static BufferLayout of(const Module &module) {
    if (module.getDataLayout().getPointerSize() == 4)
      return {40, 12, 24, 28, 32};
    return {56, 16, 32, 36, 40};
  }
};

/// The parts of the grid at the sizes of a run.
struct Grid {
  SmallVector<Value *> extents, parts, counts;
  Value *items = nullptr;
};

/// A box of the grid, [start, end) along each axis.
struct Box {
  SmallVector<Value *> starts, ends;
  Value *items; ///< in the box
};

/// Descriptors of what a step reads and writes.
struct StepBuffers {
  SmallVector<Value *> inputs, outs;
};

class Entries {
public:
  Entries(Module &module, const cpu::KernelBody &body,
          const Algorithm &algorithm)
      : module(module), body(body), algorithm(algorithm),
        layout(BufferLayout::of(module)) {}
  void emit();
  void emitCommand();

private:
  Grid measure(cpu::Frame &frame);
  void emitItems();
  void emitScratch();
  void emitRun();
  Value *describe(cpu::LoopBuilder &b, mlir::Type element, unsigned rank);
  void setAxis(cpu::LoopBuilder &b, Value *buffer, unsigned rank, unsigned axis,
               Value *min, Value *extent, Value *stride);
  Value *describeDense(cpu::Frame &frame, unsigned buffer,
                       ArrayRef<cpu::Extent> shape);
  StepBuffers describeStep(cpu::Frame &frame, const Step &step);
  Box boxOf(cpu::LoopBuilder &b, const Grid &grid, Value *first, Value *last);
  void crop(cpu::Frame &frame, const Step &step, unsigned number, Value *out,
            const Box &box);
  void callStep(cpu::Frame &frame, const Step &step, const StepBuffers &given,
                const Box &box);
  void addNumbers(cpu::LoopBuilder &b, Function *function,
                  SmallVectorImpl<Value *> &arguments);
  void makeAllPrivate();
  Value *describeOnDevice(cpu::Frame &frame, unsigned buffer,
                          ArrayRef<cpu::Extent> shape);
  Value *commandStep(cpu::Frame &frame, const Step &step, Value *queue);
  Value *loadScalar(cpu::LoopBuilder &b, unsigned number, Type *type);
  mlir::RankedTensorType bufferType(unsigned buffer);
  void setHost(cpu::LoopBuilder &b, Value *buffer, Value *host);
  void addRunTime();

  Module &module;
  const cpu::KernelBody &body;
  const Algorithm &algorithm;
  const BufferLayout layout;
  Value *buffers = nullptr, *dims = nullptr, *scalars = nullptr;
};

} // namespace

// From the innermost axis: each takes what the axes inside leave of an item.
Grid Entries::measure(cpu::Frame &frame) {
  cpu::LoopBuilder &b = frame.b;
  Grid grid;
  size_t rank = algorithm.grid.size();
  grid.extents.resize(rank);
  grid.parts.resize(rank);
  grid.counts.resize(rank);
  Value *one = b.index(1);
  Value *inside = b.maximum(one, frame.product(algorithm.inner));
  Value *left = b.maximum(one, b.divide(b.index(itemElements), inside));
  grid.items = one;
  for (size_t axis = rank; axis-- > 0;) {
    const GridAxis &it = algorithm.grid[axis];
    Value *extent = frame.extent(it.extent);
    Value *part = b.index(it.part);
    if (!it.part) {
      part = b.roundUp(b.minimum(b.maximum(extent, one), left), it.multiple);
      left = b.maximum(one, b.divide(left, part));
    }
    grid.extents[axis] = extent;
    grid.parts[axis] = part;
    grid.counts[axis] = b.ceilDivide(extent, part);
    grid.items = b.multiply(grid.items, grid.counts[axis]);
  }
  return grid;
}

void Entries::emitItems() {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Function *function = cpu::declareFunction(
      module, body.name() + "_items", Type::getInt64Ty(context), {pointer});
  cpu::Frame frame(body, function, function->getArg(0));
  Value *items = measure(frame).items;
  frame.b.CreateRet(items);
}

void Entries::emitScratch() {
  LLVMContext &context = module.getContext();
  Function *function = cpu::declareFunction(module, body.name() + "_scratch",
                                            Type::getInt64Ty(context),
                                            {PointerType::getUnqual(context)});
  cpu::LoopBuilder b(function);
  b.CreateRet(b.index(0));
}

mlir::RankedTensorType Entries::bufferType(unsigned buffer) {
  kernel::FuncOp func = body.func();
  unsigned ins = unsigned(func.getInArgs().size());
  mlir::Value argument =
      buffer < ins ? func.getInArgs()[buffer] : func.getOutArgs()[buffer - ins];
  return mlir::cast<mlir::RankedTensorType>(argument.getType());
}

/// A descriptor with room for its axes. Codes of types are Halide's: 1 for
/// integers without a sign, 2 for floating point.
Value *Entries::describe(cpu::LoopBuilder &b, mlir::Type element,
                         unsigned rank) {
  Type *bytes = ArrayType::get(b.getInt8Ty(), layout.bytes);
  auto *buffer = b.CreateAlloca(bytes);
  buffer->setAlignment(Align(8));
  b.CreateMemSet(buffer, b.getInt8(0), layout.bytes, Align(8));
  auto *axes = b.CreateAlloca(
      ArrayType::get(b.getInt8Ty(), axis::bytes * std::max(1u, rank)));
  axes->setAlignment(Align(8));
  b.CreateMemSet(axes, b.getInt8(0), axis::bytes * std::max(1u, rank),
                 Align(8));
  unsigned bits = std::max(8u, element.getIntOrFloatBitWidth());
  bool isFloat = element.isF32() || element.isF64();
  uint32_t type = (isFloat ? 2u : 1u) | bits << 8 | 1u << 16;
  auto at = [&](uint64_t offset) {
    return b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), buffer, offset);
  };
  b.CreateStore(b.getInt32(type), at(layout.type));
  b.CreateStore(b.getInt32(rank), at(layout.dimensions));
  b.CreateStore(axes, at(layout.dim));
  return buffer;
}

void Entries::setAxis(cpu::LoopBuilder &b, Value *buffer, unsigned rank,
                      unsigned axis, Value *min, Value *extent, Value *stride) {
  Value *axes = b.CreateLoad(
      b.getPtrTy(),
      b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), buffer, layout.dim));
  uint64_t place = (rank - 1 - axis) * axis::bytes;
  auto store = [&](uint64_t offset, Value *value) {
    b.CreateStore(
        b.CreateTrunc(value, b.getInt32Ty()),
        b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), axes, place + offset));
  };
  store(axis::min, min);
  store(axis::extent, extent);
  store(axis::stride, stride);
}

Value *Entries::loadScalar(cpu::LoopBuilder &b, unsigned number, Type *type) {
  return b.CreateLoad(
      type, b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), scalars, number));
}

static Value *loadBuffer(cpu::LoopBuilder &b, Value *buffers, unsigned number) {
  return b.CreateLoad(b.getPtrTy(), b.CreateConstInBoundsGEP1_64(
                                        b.getPtrTy(), buffers, number));
}

void Entries::setHost(cpu::LoopBuilder &b, Value *buffer, Value *host) {
  b.CreateStore(
      host, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), buffer, layout.host));
}

/// All of a buffer, row-major.
Value *Entries::describeDense(cpu::Frame &frame, unsigned buffer,
                              ArrayRef<cpu::Extent> shape) {
  cpu::LoopBuilder &b = frame.b;
  unsigned rank = unsigned(shape.size());
  Value *made = describe(b, bufferType(buffer).getElementType(), rank);
  Value *stride = b.index(1);
  for (unsigned axis = rank; axis-- > 0;) {
    Value *extent = frame.extent(shape[axis]);
    setAxis(b, made, rank, axis, b.index(0), extent, stride);
    stride = b.multiply(stride, extent);
  }
  return made;
}

/// Inputs as they are, and outs that are yet to be cropped.
StepBuffers Entries::describeStep(cpu::Frame &frame, const Step &step) {
  cpu::LoopBuilder &b = frame.b;
  unsigned ins = unsigned(body.func().getInArgs().size());
  StepBuffers made;
  for (const Input &input : step.inputs) {
    Value *buffer = describeDense(frame, input.buffer, input.shape);
    setHost(b, buffer, loadBuffer(b, buffers, input.buffer));
    made.inputs.push_back(buffer);
  }
  for (unsigned out : step.outs)
    made.outs.push_back(describe(b, bufferType(ins + out).getElementType(),
                                 unsigned(step.shape.size())));
  return made;
}

/// The box that begins with item `first`: items in a row of the last axis, but
/// none from `last` on.
Box Entries::boxOf(cpu::LoopBuilder &b, const Grid &grid, Value *first,
                   Value *last) {
  size_t rank = grid.parts.size();
  Box box{SmallVector<Value *>(rank), SmallVector<Value *>(rank), b.index(1)};
  Value *rest = first;
  for (size_t axis = rank; axis-- > 0;) {
    Value *digit = axis ? b.remainder(rest, grid.counts[axis]) : rest;
    rest = axis ? b.divide(rest, grid.counts[axis]) : rest;
    Value *next = b.add(digit, b.index(1));
    if (axis + 1 == rank) {
      box.items = b.minimum(b.CreateSub(last, first),
                            b.CreateSub(grid.counts[axis], digit));
      next = b.add(digit, box.items);
    }
    box.starts[axis] = b.multiply(digit, grid.parts[axis]);
    box.ends[axis] =
        b.minimum(b.multiply(next, grid.parts[axis]), grid.extents[axis]);
  }
  return box;
}

/// Makes `out` describe the box of the step's out with this number.
void Entries::crop(cpu::Frame &frame, const Step &step, unsigned number,
                   Value *out, const Box &box) {
  cpu::LoopBuilder &b = frame.b;
  unsigned rank = unsigned(step.shape.size());
  unsigned buffer =
      unsigned(body.func().getInArgs().size()) + step.outs[number];
  Value *stride = b.index(1), *offset = b.index(0);
  for (unsigned axis = rank; axis-- > 0;) {
    Value *extent = frame.extent(step.shape[axis]);
    Value *min = b.index(0), *end = extent;
    for (auto [cutAxis, cut] : enumerate(step.cuts)) {
      if (cut.first != axis)
        continue;
      min = b.divide(box.starts[cutAxis], b.index(cut.second));
      end = b.ceilDivide(box.ends[cutAxis], b.index(cut.second));
    }
    setAxis(b, out, rank, axis, min, b.CreateSub(end, min), stride);
    offset = b.add(offset, b.multiply(min, stride));
    stride = b.multiply(stride, extent);
  }
  Value *base = loadBuffer(b, buffers, buffer);
  int64_t bytes = frame.bytesOf(bufferType(buffer).getElementType());
  setHost(b, out, b.CreatePtrAdd(base, b.multiply(offset, b.index(bytes))));
}

/// The sizes and the scalars of a run, as the function of a step takes them
/// behind `arguments`.
void Entries::addNumbers(cpu::LoopBuilder &b, Function *function,
                         SmallVectorImpl<Value *> &arguments) {
  for (unsigned dim = 0; dim < body.dimCount(); ++dim)
    arguments.push_back(b.CreateTrunc(
        b.CreateLoad(b.getInt64Ty(),
                     b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), dims, dim)),
        b.getInt32Ty()));
  unsigned count = unsigned(algorithm.arguments.scalars.size());
  for (unsigned number = 0; number < count; ++number) {
    Type *type =
        function->getFunctionType()->getParamType(unsigned(arguments.size()));
    arguments.push_back(loadScalar(b, number, type));
  }
}

// Crops the outs to the box and calls the function of the step.
void Entries::callStep(cpu::Frame &frame, const Step &step,
                       const StepBuffers &given, const Box &box) {
  cpu::LoopBuilder &b = frame.b;
  for (auto [number, out] : enumerate(given.outs))
    crop(frame, step, unsigned(number), out, box);
  Function *function = module.getFunction(step.name);
  SmallVector<Value *> arguments(given.inputs);
  addNumbers(b, function, arguments);
  for (Value *start : box.starts)
    arguments.push_back(b.CreateTrunc(start, b.getInt32Ty()));
  arguments.push_back(b.getInt32(0)); // never
  append_range(arguments, given.outs);
  b.CreateCall(function, arguments);
}

void Entries::emitRun() {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Type *number = Type::getInt64Ty(context);
  Function *function = cpu::declareFunction(
      module, body.name(), Type::getVoidTy(context),
      {pointer, pointer, pointer, number, number, pointer});
  buffers = function->getArg(0);
  dims = function->getArg(1);
  scalars = function->getArg(2);
  cpu::Frame frame(body, function, dims);
  cpu::LoopBuilder &b = frame.b;
  std::vector<StepBuffers> described;
  for (const Step &step : algorithm.steps)
    described.push_back(describeStep(frame, step));
  Grid grid = measure(frame);
  Value *last = function->getArg(4);
  auto hasItem = [&](cpu::ValueRange carried) {
    return b.CreateICmpSLT(carried[0], last);
  };
  b.emitWhile({function->getArg(3)}, hasItem, [&](cpu::ValueRange carried) {
    Box box = boxOf(b, grid, carried[0], last);
    for (auto [step, given] : zip(algorithm.steps, described))
      callStep(frame, step, given, box);
    return cpu::Values{b.add(carried[0], box.items)};
  });
  b.CreateRetVoid();
}

// What stands on no stack comes from the C library. Halide reads up to a vector
// behind what it asks for, and wants vectors aligned.
void Entries::addRunTime() {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Type *size = module.getDataLayout().getIntPtrType(context);
  if (Function *allocate = module.getFunction("halide_malloc")) {
    cpu::LoopBuilder b(allocate);
    Value *asked = b.CreateZExt(allocate->getArg(1), b.getInt64Ty());
    Value *bytes = b.roundUp(b.add(asked, b.index(128)), 128);
    b.CreateRet(b.CreateCall(
        module.getOrInsertFunction(
            "aligned_alloc", FunctionType::get(pointer, {size, size}, false)),
        {ConstantInt::get(size, 128), b.CreateTrunc(bytes, size)}));
  }
  if (Function *release = module.getFunction("halide_free")) {
    cpu::LoopBuilder b(release);
    b.CreateCall(
        module.getOrInsertFunction(
            "free", FunctionType::get(b.getVoidTy(), {pointer}, false)),
        {release->getArg(1)});
    b.CreateRetVoid();
  }
}

void Entries::makeAllPrivate() {
  for (Function &function : module)
    if (!function.isDeclaration())
      function.setLinkage(GlobalValue::InternalLinkage);
  for (GlobalVariable &global : module.globals())
    if (!global.isDeclaration())
      global.setLinkage(GlobalValue::InternalLinkage);
}

void Entries::emit() {
  addRunTime();
  makeAllPrivate();
  emitItems();
  emitScratch();
  emitRun();
}

//===----------------------------------------------------------------------===//
// On a device
//===----------------------------------------------------------------------===//

/// The same of a buffer that stands where only the device reads it.
Value *Entries::describeOnDevice(cpu::Frame &frame, unsigned buffer,
                                 ArrayRef<cpu::Extent> shape) {
  cpu::LoopBuilder &b = frame.b;
  Value *made = describeDense(frame, buffer, shape);
  Value *address = b.CreateLoad(
      b.getInt64Ty(),
      b.CreateConstInBoundsGEP1_64(b.getInt64Ty(), buffers, buffer));
  b.CreateStore(address, b.CreateConstInBoundsGEP1_64(b.getInt8Ty(), made,
                                                      BufferLayout::device));
  return made;
}

/// Calls the function of a step; what it returns.
Value *Entries::commandStep(cpu::Frame &frame, const Step &step, Value *queue) {
  cpu::LoopBuilder &b = frame.b;
  unsigned ins = unsigned(body.func().getInArgs().size());
  Function *function = module.getFunction(step.name);
  SmallVector<Value *> arguments{queue};
  for (const Input &input : step.inputs)
    arguments.push_back(describeOnDevice(frame, input.buffer, input.shape));
  addNumbers(b, function, arguments);
  arguments.push_back(b.getInt32(0)); // never
  for (unsigned out : step.outs)
    arguments.push_back(describeOnDevice(frame, ins + out, step.shape));
  return b.CreateCall(function, arguments);
}

// A step that failed has told the queue why; those behind it are left out.
void Entries::emitCommand() {
  makeAllPrivate();
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::getUnqual(context);
  Function *function = cpu::declareFunction(
      module, body.name() + "_command", Type::getInt32Ty(context),
      {pointer, pointer, pointer, pointer});
  buffers = function->getArg(1);
  dims = function->getArg(2);
  scalars = function->getArg(3);
  cpu::Frame frame(body, function, dims);
  cpu::LoopBuilder &b = frame.b;
  for (const Step &step : algorithm.steps) {
    Value *failed = commandStep(frame, step, function->getArg(0));
    auto *stop = BasicBlock::Create(context, "stop", function);
    auto *next = BasicBlock::Create(context, "next", function);
    b.CreateCondBr(b.CreateIsNotNull(failed), stop, next);
    b.SetInsertPoint(stop);
    b.CreateRet(failed);
    b.SetInsertPoint(next);
  }
  b.CreateRet(b.getInt32(0));
}

void addCommand(Module &module, const cpu::KernelBody &body,
                const Algorithm &algorithm) {
  Entries(module, body, algorithm).emitCommand();
}

void addEntryPoints(Module &module, const cpu::KernelBody &body,
                    const Algorithm &algorithm) {
  Entries(module, body, algorithm).emit();
}

} // namespace lamina::halide
