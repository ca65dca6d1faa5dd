// SPDX-License-Identifier: Apache-2.0
//
// Arrays as records.
//
// An NPZ, NPY or safetensors file in: the first axis of each array counts the
// records. A file of another name is raw: records of the one column that the
// program declares, in its element, one after another.

#include "runtime/Checkpoint/Safetensors.h"
#include "runtime/Data/Npy.h"
#include "runtime/Data/Source.h"

#include <cstring>

namespace lamina {
namespace runtime {

static bool endsWith(const std::string &text, const char *end) {
  size_t length = std::strlen(end);
  return text.size() >= length &&
         text.compare(text.size() - length, length, end) == 0;
}

static NpyArray fromTensor(const FileTensor &tensor, FileBytes owner) {
  NpyArray array;
  char first = tensor.type[0];
  array.kind = first == 'F'   ? 'f'
               : first == 'I' ? 'i'
               : first == 'U' ? 'u'
                              : 'b';
  array.elementBytes = safetensorsElementBytes(tensor.type);
  array.shape = tensor.shape;
  array.data = tensor.data;
  array.owner = std::move(owner);
  return array;
}

static std::map<std::string, NpyArray> readTensors(const std::string &path) {
  FileBytes bytes = FileBytes::openRaw(path);
  std::map<std::string, NpyArray> arrays;
  SafetensorsFile file = SafetensorsFile::read(bytes, path);
  for (const auto &tensor : file.tensors()) {
    if (tensor.second.type == "F16" || tensor.second.type == "BF16")
      throw Error(join(quote(tensor.first), " of ", quote(path), " is ",
                       tensor.second.type,
                       "; data is read in F32, F64 or whole numbers"));
    arrays[tensor.first] = fromTensor(tensor.second, bytes);
  }
  return arrays;
}

/// A file without a header: what it holds is what the program declares.
static NpyArray readRaw(const SourcePlan &plan) {
  if (plan.columns.size() != 1 || plan.columns[0].isRagged())
    throw Error(join(quote(plan.file),
                     " is neither NPZ nor NPY nor safetensors; a raw "
                     "file holds one column of a fixed shape"));
  const Column &column = plan.columns[0];
  NpyArray array;
  array.kind = column.element == Element::F32 || column.element == Element::F64
                   ? 'f'
               : column.element == Element::I1 ? 'b'
                                               : 'i';
  array.elementBytes = bytesOf(column.element);
  array.owner = FileBytes::open(plan.file);
  int64_t size = int64_t(array.owner.size());
  int64_t record = checkedMul(column.count(), array.elementBytes);
  if (record == 0 || size % record != 0)
    throw Error(join(quote(plan.file), " has ", size,
                     " bytes, which is no multiple of the ", record,
                     " that a record of ", nameOf(column.element),
                     shapeText(column.shape), " takes"));
  array.data = array.owner.data();
  array.shape = column.shape;
  array.shape.insert(array.shape.begin(), size / record);
  return array;
}

namespace {

class Arrays : public Source {
public:
  explicit Arrays(SourcePlan given) : Source(std::move(given)) {
    requireFields(plan);
    std::map<std::string, NpyArray> file = openFile();
    for (const Column &column : plan.columns) {
      auto found = file.find(column.field());
      if (found == file.end()) {
        std::vector<std::string> names;
        for (const auto &entry : file)
          names.push_back(entry.first);
        noSuchColumn(plan, column.field(), names);
      }
      addColumn(column, found->second);
    }
    if (plan.columns.empty() && !file.empty() &&
        !file.begin()->second.shape.empty())
      records = file.begin()->second.shape[0];
  }

  int64_t count() const override { return records; }

  void read(int64_t record, size_t column, char *out) const override {
    const Column &c = plan.columns[column];
    const NpyArray &array = arrays[column];
    int64_t count = c.count(), first = record * count;
    bool plain = c.element == Element::F32 && c.below < 0 &&
                 array.kind == 'f' && array.elementBytes == 4;
    if (plain) {
      std::memcpy(out, array.data + first * 4, size_t(count) * 4);
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      if (array.isWhole())
        putInt(record, column, out, i, array.intAt(first + i));
      else
        put(record, column, out, i, array.realAt(first + i));
    }
  }

private:
  std::map<std::string, NpyArray> openFile() const {
    if (endsWith(plan.file, ".npz"))
      return readNpz(plan.file);
    if (endsWith(plan.file, ".safetensors"))
      return readTensors(plan.file);
    std::string only = plan.columns.empty() ? "array" : plan.columns[0].field();
    bool npy = endsWith(plan.file, ".npy") || endsWith(plan.file, ".npy.gz");
    return {{only, npy ? readNpy(plan.file) : readRaw(plan)}};
  }

  void addColumn(const Column &column, const NpyArray &array) {
    if (array.shape.empty())
      throw Error(
          join(quote(column.name), " of ", quote(plan.file),
               " is one number; its first axis should count the records"));
    requireShape(plan, column, {array.shape.begin() + 1, array.shape.end()});
    if (!arrays.empty() && array.shape[0] != records)
      throw Error(join(quote(column.name), " of ", quote(plan.file), " has ",
                       counted(array.shape[0], "record"), ", but ",
                       quote(plan.columns[0].name), " has ", records));
    records = array.shape[0];
    arrays.push_back(array);
  }

  int64_t records = 0;
  std::vector<NpyArray> arrays; ///< one for each column
};

} // namespace

std::unique_ptr<Source> openArrays(SourcePlan plan) {
  return std::make_unique<Arrays>(std::move(plan));
}

} // namespace runtime
} // namespace lamina
