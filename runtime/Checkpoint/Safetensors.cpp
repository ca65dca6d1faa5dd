// SPDX-License-Identifier: Apache-2.0
//
// Files of named tensors.
//
// Bytes of any origin in, checked views of tensors out; tensors in, a file out.

#include "runtime/Checkpoint/Safetensors.h"

#include "runtime/Program/Type.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace lamina {
namespace runtime {

static constexpr uint64_t maxHeader = 100
                                      << 20; // as in the format's own reader

static const struct {
  const char *name;
  int64_t bytes;
} fileTypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                 {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U64", 8},  {"U32", 4},
                 {"U16", 2}, {"U8", 1},  {"BOOL", 1}};

int64_t safetensorsElementBytes(const std::string &name) {
  for (const auto &type : fileTypes)
    if (name == type.name)
      return type.bytes;
  return 0;
}

static double halfAsReal(uint16_t bits) {
  int exponent = bits >> 10 & 31;
  double fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
  if (exponent == 31)
    return fraction != 0 ? NAN : sign * INFINITY;
  return sign * (exponent == 0 ? std::ldexp(fraction, -24)
                               : std::ldexp(fraction + 1024, exponent - 25));
}

template <typename T>
static double readAs(const char *at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return double(value);
}

double elementAsReal(const FileTensor &tensor, int64_t i) {
  const std::string &type = tensor.type;
  const char *at = tensor.data + i * safetensorsElementBytes(type);
  if (type == "F32")
    return readAs<float>(at);
  if (type == "F64")
    return readAs<double>(at);
  if (type == "BF16")
    return loadReal(Element::BF16, at);
  if (type == "I64")
    return readAs<int64_t>(at);
  if (type == "I32")
    return readAs<int32_t>(at);
  if (type == "I16")
    return readAs<int16_t>(at);
  if (type == "I8")
    return readAs<int8_t>(at);
  if (type == "U64")
    return readAs<uint64_t>(at);
  if (type == "U32")
    return readAs<uint32_t>(at);
  if (type == "U16")
    return readAs<uint16_t>(at);
  if (type == "F16") {
    uint16_t bits;
    std::memcpy(&bits, at, sizeof bits);
    return halfAsReal(bits);
  }
  return readAs<uint8_t>(at);
}

SafetensorsFile SafetensorsFile::open(const std::string &path) {
  return read(FileBytes::openRaw(path), path);
}

SafetensorsFile SafetensorsFile::read(FileBytes bytes,
                                      const std::string &name) {
  SafetensorsFile result;
  result.name = name;
  result.file = std::move(bytes);
  const FileBytes &file = result.file;
  std::string broken = join(quote(name), " is no safetensors file: ");
  if (file.size() < 8)
    throw Error(join(broken, "it has ", counted(int64_t(file.size()), "byte"),
                     ", its header alone takes 8"));
  uint64_t length = 0;
  for (int i = 7; i >= 0; --i)
    length = length << 8 | file.bytes()[i];
  if (length > maxHeader)
    throw Error(join(broken, "it does not begin with the size of its header"));
  if (length > file.size() - 8)
    throw Error(join(broken, "its header should take ", length,
                     " bytes, but the file has ", int64_t(file.size())));
  size_t start = 8 + size_t(length);
  Json header = Json::parse(file.data() + 8, size_t(length), broken + "header");
  try {
    result.readHeader(header, start);
    result.checkCoverage(start);
  } catch (Error &error) {
    error.message = broken + error.message;
    throw;
  }
  return result;
}

static FileTensor readEntry(const Json &entry, const char *data,
                            int64_t dataBytes) {
  FileTensor tensor;
  tensor.type = entry["dtype"].asText();
  int64_t elementBytes = safetensorsElementBytes(tensor.type);
  if (elementBytes == 0)
    throw Error(join("unknown type ", quote(tensor.type)));
  int64_t bytes = elementBytes;
  for (const Json &size : entry["shape"].items()) {
    if (size.asInt() < 0)
      throw Error(join("a size is ", size.asInt()));
    bytes = checkedMul(bytes, size.asInt());
    tensor.shape.push_back(size.asInt());
  }
  const Json &place = entry["data_offsets"];
  if (place.size() != 2)
    throw Error("'data_offsets' takes two numbers");
  int64_t first = place[0].asInt(), last = place[1].asInt();
  if (first < 0 || last < first || last > dataBytes)
    throw Error(join("it stands at bytes ", first, " to ", last,
                     ", but the file has ", dataBytes, " bytes of data"));
  if (last - first != bytes)
    throw Error(join("type and shape take ", bytes, " bytes, its place has ",
                     last - first));
  tensor.data = data + first;
  tensor.bytes = bytes;
  return tensor;
}

void SafetensorsFile::readHeader(const Json &header, size_t dataStart) {
  const char *data = file.data() + dataStart;
  for (const Json::Member &member : header.members()) {
    if (member.first == "__metadata__") {
      for (const Json::Member &text : member.second.members())
        texts[text.first] = text.second.asText();
      continue;
    }
    try {
      byName[member.first] =
          readEntry(member.second, data, int64_t(file.size() - dataStart));
    } catch (Error &error) {
      error.message = join("tensor ", quote(member.first), ": ", error.message);
      throw;
    }
  }
}

/// Tensors must fill the data exactly: overlap or a rest means that the file
/// was cut or patched.
void SafetensorsFile::checkCoverage(size_t dataStart) const {
  std::vector<std::pair<const char *, int64_t>> places;
  for (const auto &tensor : byName)
    places.emplace_back(tensor.second.data, tensor.second.bytes);
  std::sort(places.begin(), places.end());
  const char *at = file.data() + dataStart;
  for (const auto &place : places) {
    if (place.first != at)
      throw Error(join("byte ",
                       int64_t(std::min(at, place.first) - file.data()),
                       " belongs to no tensor or to two"));
    at += place.second;
  }
  int64_t rest = int64_t(file.data() + file.size() - at);
  if (rest != 0)
    throw Error(
        join("the last ", counted(rest, "byte"), " belong to no tensor"));
}

const FileTensor *SafetensorsFile::find(const std::string &tensor) const {
  auto it = byName.find(tensor);
  return it == byName.end() ? nullptr : &it->second;
}

const std::string *SafetensorsFile::metadata(const std::string &key) const {
  auto it = texts.find(key);
  return it == texts.end() ? nullptr : &it->second;
}

void SafetensorsWriter::add(std::string name, std::string type,
                            std::vector<int64_t> shape, const void *data) {
  int64_t bytes =
      checkedMul(elementCount(shape), safetensorsElementBytes(type));
  tensors.push_back(
      {std::move(name), std::move(type), std::move(shape), data, bytes});
}

void SafetensorsWriter::setMetadata(std::string key, std::string text) {
  texts.emplace_back(std::move(key), std::move(text));
}

void SafetensorsWriter::write(const std::string &path) const {
  Json header = Json::object();
  Json metadata = Json::object();
  for (const auto &text : texts)
    metadata.set(text.first, text.second);
  if (!texts.empty())
    header.set("__metadata__", metadata);
  int64_t offset = 0;
  for (const Tensor &tensor : tensors) {
    Json entry = Json::object(), shape = Json::list(), place = Json::list();
    for (int64_t size : tensor.shape)
      shape.push(size);
    place.push(offset);
    place.push(offset += tensor.bytes);
    entry.set("dtype", tensor.type);
    entry.set("shape", shape);
    entry.set("data_offsets", place);
    header.set(tensor.name, entry);
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' '); // so that the data is aligned

  AtomicFile file(path);
  unsigned char length[8];
  for (int i = 0; i < 8; ++i)
    length[i] = (unsigned char)(uint64_t(text.size()) >> (8 * i));
  file.write(length, 8);
  file.write(text);
  for (const Tensor &tensor : tensors)
    file.write(tensor.data, size_t(tensor.bytes));
  file.commit();
}

} // namespace runtime
} // namespace lamina
