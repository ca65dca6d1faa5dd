// SPDX-License-Identifier: Apache-2.0
//
// Run one compiled kernel.
//
// Loads an object into this process and calls its three functions on buffers
// with random contents. Where the code is a device's, another class puts these
// buffers there.

#ifndef LAMINA_TOOLS_KERNELRUN_KERNELRUN_H
#define LAMINA_TOOLS_KERNELRUN_KERNELRUN_H

#include "backends/Reference/Tensor.h"
#include "dialects/Kernel/KernelOps.h"
#include "runtime/ABI/Kernel.h"

#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace lamina::tools {

/// Seconds that this thread has run: other programs do not count.
double threadSeconds();

/// Where random contents come from.
struct Contents {
  uint64_t seed = 1;
  double low = -1, high = 1;
  int64_t ids = 5; ///< integers are in [0, ids)
};

class KernelRun {
public:
  /// Of dims that are not given.
  static constexpr int64_t unnamedSize = 7;

  KernelRun(kernel::FuncOp kernel, std::vector<int64_t> dims,
            const Contents &contents);

  /// Memory for a run at these sizes, and `besideElement` bytes more for each
  /// element of a buffer; none if it is beyond all numbers.
  static std::optional<int64_t> bytesAt(kernel::FuncOp kernel,
                                        std::vector<int64_t> dims,
                                        int64_t besideElement);
  virtual ~KernelRun();

  /// False after a message on the error stream.
  bool load(llvm::ArrayRef<char> object, llvm::StringRef symbol);
  /// What it exports, once it is loaded.
  LaminaKernelRun function() const { return kernel.run; }

  /// The arguments as the interpreter takes them.
  std::vector<reference::Tensor> arguments() const;
  /// What the outs hold now.
  std::vector<reference::Tensor> outs() const;
  std::vector<std::vector<char>> outBytes() const;

  llvm::ArrayRef<int64_t> sizes() const { return dims; }
  virtual int64_t items() const { return kernel.items(dims.data()); }
  /// Runs items [first, last) on the buffers as they are.
  void run(int64_t first, int64_t last);
  /// Puts the outs back to what they held at first.
  void reset();
  /// The same, and every buffer begins an element behind where it did, so at no
  /// multiple of a vector.
  void moveBuffers();

protected:
  struct Buffer {
    mlir::Type element;
    std::vector<int64_t> shape;
    std::vector<char> bytes, initial;
    size_t lead = 0; ///< bytes before the first element
  };

  /// Loads `object` into this process.
  void link(llvm::ArrayRef<char> object);
  /// What it exports as `symbol`.
  template <typename Function>
  Function find(const std::string &symbol) {
    return reinterpret_cast<Function>(addressOf(symbol));
  }
  virtual void runItems(int64_t first, int64_t last);

  std::vector<int64_t> dims;
  std::vector<Buffer> buffers;
  std::vector<uint64_t> scalars;

private:
  uintptr_t addressOf(const std::string &symbol);
  void addTensor(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> shape,
                 std::mt19937_64 &random, const Contents &contents);
  void addScalar(mlir::Type type, std::mt19937_64 &random,
                 const Contents &contents);
  reference::Tensor read(size_t buffer) const;

  std::vector<mlir::Type> scalarTypes;
  size_t ins = 0;
  std::vector<char> scratch;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  LaminaKernel kernel{};
};

} // namespace lamina::tools

#endif // LAMINA_TOOLS_KERNELRUN_KERNELRUN_H
