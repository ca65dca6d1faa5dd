// SPDX-License-Identifier: Apache-2.0
//
// Run one compiled kernel.

#include "tools/KernelRun/KernelRun.h"

#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>
#include <ctime>

using namespace mlir;

namespace lamina::tools {

using reference::Tensor;

double threadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + double(now.tv_nsec) * 1e-9;
}

static size_t bytesOf(Type type) {
  if (type.isIndex())
    return 8;
  return type.isInteger(1) ? 1 : type.getIntOrFloatBitWidth() / 8;
}

/// Room around the elements, filled with a pattern that no kernel may
/// touch.
static constexpr size_t guardBytes = 256;
static constexpr char guardByte = 0x5a;

static void put(Type type, char *to, double number) {
  float narrow = float(number);
  int64_t whole = int64_t(number);
  if (type.isF32())
    std::memcpy(to, &narrow, 4);
  else if (type.isF64())
    std::memcpy(to, &number, 8);
  else if (type.isBF16())
    std::memcpy(to, reinterpret_cast<char *>(&narrow) + 2, 2);
  else
    std::memcpy(to, &whole, bytesOf(type));
}

static reference::Scalar get(Type type, const char *from) {
  reference::Scalar result{};
  float narrow = 0;
  if (type.isF32()) {
    std::memcpy(&narrow, from, 4);
    result.f = narrow;
  } else if (type.isF64()) {
    std::memcpy(&result.f, from, 8);
  } else if (type.isBF16()) {
    std::memcpy(reinterpret_cast<char *>(&narrow) + 2, from, 2);
    result.f = narrow;
  } else {
    std::memcpy(&result.i, from, bytesOf(type));
    unsigned unused = 64 - 8 * unsigned(bytesOf(type));
    result.i = int64_t(uint64_t(result.i) << unused) >> unused;
  }
  return result;
}

static double draw(Type type, std::mt19937_64 &random,
                   const Contents &contents) {
  if (isa<FloatType>(type))
    return std::uniform_real_distribution<>(contents.low,
                                            contents.high)(random);
  int64_t bound = type.isInteger(1) ? 2 : contents.ids;
  return double(random() % uint64_t(bound));
}

static std::vector<int64_t> complete(kernel::FuncOp func,
                                     std::vector<int64_t> sizes) {
  sizes.resize(func.getDims().size(), KernelRun::unnamedSize);
  return sizes;
}

/// The shape of tensor `number` of the arguments, at sizes for all dims.
static std::vector<int64_t> shapeOf(kernel::FuncOp func, RankedTensorType type,
                                    unsigned number, ArrayRef<int64_t> dims) {
  std::vector<int64_t> shape(type.getShape());
  ArrayRef<int64_t> named = func.getShape(number);
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size)) {
      size = dims[size_t(named.front())];
      named = named.drop_front();
    }
  return shape;
}

std::optional<int64_t> KernelRun::bytesAt(kernel::FuncOp func,
                                          std::vector<int64_t> sizes,
                                          int64_t besideElement) {
  sizes = complete(func, std::move(sizes));
  int64_t sum = 0;
  unsigned number = 0;
  for (BlockArgument argument : func.getBlock()->getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    // A buffer, and what it held at first.
    int64_t bytes = 2 * int64_t(bytesOf(type.getElementType())) + besideElement;
    for (int64_t size : shapeOf(func, type, number++, sizes))
      if (llvm::MulOverflow(bytes, size, bytes))
        return std::nullopt;
    if (llvm::AddOverflow(sum, bytes, sum))
      return std::nullopt;
  }
  return sum;
}

KernelRun::KernelRun(kernel::FuncOp func, std::vector<int64_t> sizes,
                     const Contents &contents)
    : dims(complete(func, std::move(sizes))) {
  std::mt19937_64 random(contents.seed);
  unsigned number = 0;
  for (BlockArgument argument : func.getBlock()->getArguments())
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
      addTensor(type, shapeOf(func, type, number++, dims), random, contents);
    else
      addScalar(argument.getType(), random, contents);
  ins = buffers.size() - func.getOuts();
}

KernelRun::~KernelRun() = default;

void KernelRun::addTensor(RankedTensorType type, ArrayRef<int64_t> shape,
                          std::mt19937_64 &random, const Contents &contents) {
  Buffer buffer{type.getElementType(), shape.vec(), {}, {}, 0};
  size_t size = bytesOf(buffer.element);
  size_t count = size_t(reference::countElements(shape));
  buffer.bytes.assign(count * size + guardBytes, guardByte);
  for (size_t i = 0; i < count; ++i)
    put(buffer.element, buffer.bytes.data() + i * size,
        draw(buffer.element, random, contents));
  buffer.initial = buffer.bytes;
  buffers.push_back(std::move(buffer));
}

void KernelRun::addScalar(Type type, std::mt19937_64 &random,
                          const Contents &contents) {
  uint64_t word = 0;
  double number = isa<FloatType>(type)
                      ? std::uniform_real_distribution<>(0.5, 1.5)(random)
                      : draw(type, random, contents);
  put(type, reinterpret_cast<char *>(&word), number);
  scalars.push_back(word);
  scalarTypes.push_back(type);
}

void KernelRun::link(ArrayRef<char> object) {
  llvm::ExitOnError exitOnError("lamina-kernel: ");
  jit = exitOnError(llvm::orc::LLJITBuilder().create());
  jit->getMainJITDylib().addGenerator(exitOnError(
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
          jit->getDataLayout().getGlobalPrefix())));
  exitOnError(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(
      StringRef(object.data(), object.size()))));
}

uintptr_t KernelRun::addressOf(const std::string &symbol) {
  return llvm::ExitOnError("lamina-kernel: ")(jit->lookup(symbol)).getValue();
}

bool KernelRun::load(ArrayRef<char> object, StringRef symbol) {
  link(object);
  std::string name = symbol.str();
  kernel.items = find<LaminaKernelItems>(name + "_items");
  kernel.scratch = find<LaminaKernelScratch>(name + "_scratch");
  kernel.run = find<LaminaKernelRun>(name);
  scratch.assign(size_t(kernel.scratch(dims.data())) + 64 + guardBytes,
                 guardByte);
  return true;
}

Tensor KernelRun::read(size_t number) const {
  const Buffer &buffer = buffers[number];
  Tensor tensor(buffer.element, buffer.shape);
  reference::Scalar *to = tensor.mutate();
  for (int64_t i = 0; i < tensor.size(); ++i)
    to[i] = get(buffer.element, buffer.bytes.data() + buffer.lead +
                                    size_t(i) * bytesOf(buffer.element));
  return tensor;
}

std::vector<Tensor> KernelRun::arguments() const {
  std::vector<Tensor> result;
  for (size_t i = 0; i < ins; ++i)
    result.push_back(read(i));
  for (size_t i = 0; i < scalars.size(); ++i)
    result.push_back(Tensor::scalar(
        scalarTypes[i],
        get(scalarTypes[i], reinterpret_cast<const char *>(&scalars[i]))));
  for (size_t i = ins; i < buffers.size(); ++i)
    result.push_back(read(i));
  return result;
}

std::vector<Tensor> KernelRun::outs() const {
  std::vector<Tensor> result;
  for (size_t i = ins; i < buffers.size(); ++i)
    result.push_back(read(i));
  return result;
}

std::vector<std::vector<char>> KernelRun::outBytes() const {
  std::vector<std::vector<char>> result;
  for (size_t i = ins; i < buffers.size(); ++i)
    result.emplace_back(buffers[i].bytes.begin() + long(buffers[i].lead),
                        buffers[i].bytes.end());
  return result;
}

void KernelRun::runItems(int64_t first, int64_t last) {
  std::vector<void *> pointers;
  for (Buffer &buffer : buffers)
    pointers.push_back(buffer.bytes.data() + buffer.lead);
  auto address = (reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64;
  kernel.run(pointers.data(), dims.data(), scalars.data(), first, last,
             reinterpret_cast<void *>(address));
}

void KernelRun::run(int64_t first, int64_t last) {
  runItems(first, last);
  auto isUntouched = [](ArrayRef<char> room) {
    return llvm::all_of(room, [](char byte) { return byte == guardByte; });
  };
  for (const Buffer &buffer : buffers)
    if (!isUntouched(ArrayRef(buffer.bytes).take_front(buffer.lead)) ||
        !isUntouched(ArrayRef(buffer.bytes).take_back(guardBytes)))
      llvm::report_fatal_error("a kernel wrote beside a buffer");
}

void KernelRun::reset() {
  for (size_t i = ins; i < buffers.size(); ++i)
    buffers[i].bytes = buffers[i].initial;
}

void KernelRun::moveBuffers() {
  for (Buffer &buffer : buffers) {
    size_t size = bytesOf(buffer.element);
    buffer.initial.insert(buffer.initial.begin(), size, guardByte);
    buffer.bytes = buffer.initial;
    buffer.lead += size;
  }
}

} // namespace lamina::tools
