// SPDX-License-Identifier: Apache-2.0
//
// Files of tensors and arrays.
//
// safetensors, NPY, NPZ and gzip: what is written reads back, and no damage of
// a file does worse than a message.

#include "runtime/ABI/Philox.h"
#include "runtime/Checkpoint/Safetensors.h"
#include "runtime/Data/Idx.h"
#include "runtime/Data/Npy.h"

#include <cstring>
#include <zlib.h>

#include "test/unit/Runtime/Testing.h"

using namespace lamina::runtime;
using testing_support::Folder;
using testing_support::messageOf;

static FileBytes bytesOf(const std::string &text) {
  return FileBytes::own(std::vector<char>(text.begin(), text.end()));
}

static std::string safetensors(const std::string &header, size_t data) {
  std::string text;
  for (int i = 0; i < 8; ++i)
    text += char(uint64_t(header.size()) >> (8 * i));
  return text + header + std::string(data, 'x');
}

static std::string refusal(const std::string &file) {
  return messageOf([&] { SafetensorsFile::read(bytesOf(file), "w"); });
}

TEST(Safetensors, WritesWhatItReads) {
  Folder folder;
  std::vector<float> a = {1, 2, 3, 4, 5, 6};
  std::vector<int64_t> b = {-1};
  SafetensorsWriter writer;
  writer.add("net.a", "F32", {2, 3}, a.data());
  writer.add("b", "I64", {}, b.data());
  writer.add("empty", "F32", {0, 4}, nullptr);
  writer.setMetadata("key", "text \"quoted\"");
  writer.write(folder.path("w"));
  SafetensorsFile file = SafetensorsFile::open(folder.path("w"));
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.find("net.a")->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(file.find("net.a")->data, a.data(), 24), 0);
  EXPECT_EQ(elementAsReal(*file.find("b"), 0), -1);
  EXPECT_EQ(*file.metadata("key"), "text \"quoted\"");
  EXPECT_EQ(file.metadata("other"), nullptr);
  EXPECT_FALSE(fileExists(folder.path("w.part")));
}

TEST(Safetensors, ReadsHalfPrecision) {
  std::string file = safetensors(
      R"({"h": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}})", 0);
  file += std::string("\x00\x3c\x00\xc0", 4); // 1, -2
  SafetensorsFile read = SafetensorsFile::read(bytesOf(file), "w");
  EXPECT_EQ(elementAsReal(*read.find("h"), 0), 1);
  EXPECT_EQ(elementAsReal(*read.find("h"), 1), -2);
}

static const std::string prefix = "error: 'w' is no safetensors file: ";

/// A file of one tensor.
static std::string one(const std::string &entry, size_t data) {
  return safetensors("{\"t\": " + entry + "}", data);
}

TEST(Safetensors, RefusesBrokenHeaders) {
  EXPECT_EQ(refusal("abc"),
            prefix + "it has 3 bytes, its header alone takes 8\n");
  EXPECT_EQ(refusal(std::string(8, '\xff')),
            prefix + "it does not begin with the size of its header\n");
  EXPECT_EQ(refusal(std::string("\x09\0\0\0\0\0\0\0{}", 10)),
            prefix + "its header should take 9 bytes, but the file has 10\n");
  EXPECT_EQ(refusal(safetensors("{", 0)),
            prefix + "header: expected a name in double quotes (byte 1)\n");
  EXPECT_EQ(refusal(safetensors("[]", 0)),
            prefix + "expected an object, found a list (byte 0)\n");
}

TEST(Safetensors, RefusesBrokenEntries) {
  EXPECT_EQ(refusal(one("{}", 0)),
            prefix + "tensor 't': 'dtype' is missing (byte 6)\n");
  EXPECT_EQ(refusal(one(
                R"({"dtype": "F7", "shape": [], "data_offsets": [0, 4]})", 4)),
            prefix + "tensor 't': unknown type 'F7'\n");
  EXPECT_EQ(
      refusal(
          one(R"({"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]})", 4)),
      prefix + "tensor 't': a size is -1\n");
  EXPECT_EQ(
      refusal(
          one(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 4]})", 4)),
      prefix + "tensor 't': type and shape take 8 bytes, its place has 4\n");
  EXPECT_EQ(
      refusal(one(R"({"dtype": "F32", "shape": [1], "data_offsets": [0]})", 4)),
      prefix + "tensor 't': 'data_offsets' takes two numbers\n");
  EXPECT_EQ(refusal(one(R"({"dtype": "F32", "shape": [4611686018427387904, 8],
                            "data_offsets": [0, 4]})",
                        4)),
            prefix +
                "tensor 't': the size 4 * 4611686018427387904 is too large\n");
}

TEST(Safetensors, RefusesDataThatDoesNotFit) {
  EXPECT_EQ(
      refusal(
          one(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})", 4)),
      prefix +
          "tensor 't': it stands at bytes 0 to 8, but the file has 4 bytes of "
          "data\n");
  EXPECT_EQ(
      refusal(
          one(R"({"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})", 5)),
      prefix + "the last 1 byte belong to no tensor\n");
  EXPECT_EQ(refusal(safetensors(
                R"({"a": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]},
                                    "b": {"dtype": "U8", "shape": [2], "data_offsets": [1, 3]}})",
                3)),
            prefix + "byte 165 belongs to no tensor or to two\n");
}

/// Flips, cuts and repeats bytes of a good file; every result must be read or
/// refused. The sanitizer build makes wild reads visible.
template <typename Read>
static void damage(const std::string &good, Read read) {
  for (int64_t round = 0; round < 3000; ++round) {
    std::string bad = good;
    lamina::philox::Key key{uint64_t(round), 7};
    for (uint64_t i = 0; i < 1 + lamina::philox::bits(key, 0) % 4; ++i) {
      size_t at = lamina::philox::bits(key, 3 * i + 1) % bad.size();
      uint32_t value = lamina::philox::bits(key, 3 * i + 2);
      switch (lamina::philox::bits(key, 3 * i + 3) % 4) {
      case 0:
        bad.resize(at + 1);
        break;
      case 1:
        bad.insert(at, bad.substr(at, 9));
        break;
      default:
        bad[at] = char(value);
      }
    }
    try {
      read(bytesOf(bad));
    } catch (const Error &) {
      continue;
    }
  }
}

TEST(Safetensors, SurvivesDamage) {
  Folder folder;
  std::vector<float> a(20, 1.5f);
  SafetensorsWriter writer;
  writer.add("blocks.0.kernel", "F32", {4, 4}, a.data());
  writer.add("blocks.1.kernel", "F32", {4}, a.data());
  writer.setMetadata("lamina.train", "{}");
  writer.write(folder.path("w"));
  damage(folder.read("w"), [](FileBytes bytes) {
    SafetensorsFile file = SafetensorsFile::read(std::move(bytes), "w");
    for (const auto &tensor : file.tensors())
      for (int64_t i = 0; i < elementCount(tensor.second.shape); ++i)
        elementAsReal(tensor.second, i);
  });
}

TEST(Files, AFullDiskLeavesTheOldFile) {
  std::string message = messageOf([] { writeFile("/dev/full/x", "text"); });
  EXPECT_EQ(message, "error: cannot write '/dev/full/x': not a directory\n");
  Folder folder;
  folder.write("w", "old");
  {
    AtomicFile(folder.path("w")).write("new");
  } // no commit
  EXPECT_EQ(folder.read("w"), "old");
  EXPECT_FALSE(fileExists(folder.path("w.part")));
}

TEST(Files, SaysWhyAFileCannotBeRead) {
  Folder folder;
  EXPECT_EQ(
      messageOf([&] { FileBytes::open(folder.path("none")); }, folder.name()),
      "error: cannot read 'DIR/none': no such file or directory\n");
  EXPECT_EQ(messageOf([&] { FileBytes::open(folder.name()); }, folder.name()),
            "error: cannot read 'DIR': is a directory\n");
}

static std::string gzip(const std::string &text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
  stream.avail_in = uInt(text.size());
  stream.next_out = reinterpret_cast<Bytef *>(&out[0]);
  stream.avail_out = uInt(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

TEST(Files, UnpacksGzip) {
  Folder folder;
  std::string text(100000, 'a');
  folder.write("x.gz", gzip(text) + gzip("b"));
  FileBytes file = FileBytes::open(folder.path("x.gz"));
  EXPECT_EQ(std::string(file.data(), file.size()), text + "b");
  std::string packed = gzip(text);
  folder.write("y.gz", packed.substr(0, packed.size() - 9));
  EXPECT_EQ(
      messageOf([&] { FileBytes::open(folder.path("y.gz")); }, folder.name()),
      "error: 'DIR/y.gz' ends in the middle of its compressed data\n");
  packed[20] = char(packed[20] ^ 0x55);
  folder.write("z.gz", packed);
  EXPECT_EQ(
      messageOf([&] { FileBytes::open(folder.path("z.gz")); }, folder.name()),
      "error: 'DIR/z.gz' holds damaged compressed data\n");
}

TEST(Files, UnpacksWhatZlibPacks) {
  for (uint64_t round = 0; round < 60; ++round) {
    // Runs, repeats and noise of many lengths, so that blocks of all kinds
    // occur.
    std::string text;
    lamina::philox::Key key{round, 3};
    for (uint64_t i = 0; text.size() < round * round * 40; ++i) {
      uint32_t r = lamina::philox::bits(key, i);
      if (r % 5 == 0 && !text.empty())
        text += text.substr(r / 7 % text.size(), r / 11 % 400);
      else
        text += std::string(r / 3 % 30, char(r >> (round % 3 ? 24 : 28)));
    }
    std::string packed = gzip(text);
    std::vector<char> out = gunzip(packed.data(), packed.size(), "x");
    EXPECT_EQ(std::string(out.begin(), out.end()), text) << round;
  }
}

TEST(Npy, WritesWhatItReads) {
  Folder folder;
  std::vector<float> values = {1, 2.5f, -3, 4, 5, 6};
  writeNpy(folder.path("a.npy"), Element::F32, {2, 3}, values.data());
  NpyArray array = readNpy(folder.path("a.npy"));
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(array.realAt(1), 2.5);
  std::vector<int32_t> whole = {7};
  writeNpy(folder.path("b.npy"), Element::I32, {1}, whole.data());
  EXPECT_EQ(folder.read("b.npy").substr(10, 58),
            "{'descr': '<i4', 'fortran_order': False, 'shape': (1,), } ");
  EXPECT_EQ(readNpy(folder.path("b.npy")).intAt(0), 7);
  writeNpy(folder.path("c.npy"), Element::F32, {}, values.data());
  EXPECT_EQ(readNpy(folder.path("c.npy")).shape.size(), 0u);
}

static std::string npy(const std::string &header, const std::string &data) {
  return std::string("\x93NUMPY\x01\x00", 8) + char(header.size()) + '\0' +
         header + data;
}

static std::string npyRefusal(const std::string &file) {
  return messageOf([&] { parseNpy(bytesOf(file), "a.npy"); });
}

TEST(Npy, RefusesWhatItCannotUse) {
  std::string no = "error: cannot use the array 'a.npy': ";
  EXPECT_EQ(npyRefusal("hello world"), no + "it is no NPY file\n");
  EXPECT_EQ(
      npyRefusal(
          npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", "")),
      no + "it is stored column by column; save it with order='C'\n");
  EXPECT_EQ(
      npyRefusal(
          npy("{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "")),
      no + "its elements are '>f4'; whole numbers, 'f4', 'f8' and 'b1' in "
           "little-endian order are read\n");
  EXPECT_EQ(
      npyRefusal(npy(
          "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
          "")),
      no + "its elements are records, not numbers\n");
  EXPECT_EQ(npyRefusal(
                npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
                    "1234567")),
            no + "its shape [2] takes 8 bytes, but it has 7\n");
  EXPECT_EQ(
      npyRefusal(
          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (x), }", "")),
      no + "its shape cannot be read\n");
}

TEST(Npy, SurvivesDamage) {
  damage(npy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 2), }",
             "12345678"),
         [](FileBytes bytes) {
           NpyArray array = parseNpy(std::move(bytes), "a.npy");
           for (int64_t i = 0; i < std::min<int64_t>(array.count(), 100); ++i)
             array.intAt(i);
         });
}

/// A zip archive of one stored and one packed array, as NumPy writes them.
static std::string npz() {
  std::string a = npy(
      "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", "\1\2\3");
  std::string packedGzip = gzip(a);
  std::string packed =
      packedGzip.substr(10, packedGzip.size() - 18); // raw deflate
  auto le = [](uint64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i)
      text += char(value >> (8 * i));
    return text;
  };
  std::string file, directory;
  auto add = [&](const std::string &name, int method, const std::string &data,
                 size_t size) {
    std::string common = le(20, 2) + le(0, 2) + le(uint64_t(method), 2) +
                         le(0, 4) + le(0, 4) + le(data.size(), 4) +
                         le(size, 4) + le(name.size(), 2) + le(0, 2);
    directory += "PK\1\2" + le(20, 2) + common + le(0, 2) + le(0, 2) +
                 le(0, 2) + le(0, 4) + le(file.size(), 4) + name;
    file += "PK\3\4" + common + name + data;
  };
  add("x.npy", 0, a, a.size());
  add("y.npy", 8, packed, a.size());
  std::string end = "PK\5\6" + le(0, 2) + le(0, 2) + le(2, 2) + le(2, 2) +
                    le(directory.size(), 4) + le(file.size(), 4) + le(0, 2);
  return file + directory + end;
}

TEST(Npz, ReadsStoredAndPackedArrays) {
  auto arrays = parseNpz(bytesOf(npz()), "a.npz");
  ASSERT_EQ(arrays.size(), 2u);
  for (const char *name : {"x", "y"}) {
    EXPECT_EQ(arrays[name].shape, (std::vector<int64_t>{3}));
    EXPECT_EQ(arrays[name].intAt(2), 3);
  }
  EXPECT_EQ(messageOf([] { parseNpz(bytesOf("PK"), "a.npz"); }),
            "error: cannot read 'a.npz': it is no NPZ file\n");
}

TEST(Npz, SurvivesDamage) {
  damage(npz(), [](FileBytes bytes) { parseNpz(std::move(bytes), "a.npz"); });
}

TEST(Idx, ReadsSizesAndBytes) {
  IdxFile file = IdxFile::read(
      bytesOf(std::string("\0\0\x08\x02\0\0\0\2\0\0\0\3abcdef", 18)), "i");
  EXPECT_EQ(file.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(file.data[5], 'f');
}

TEST(Idx, RefusesWhatIsBroken) {
  auto refusalOf = [](const std::string &text) {
    return messageOf([&] { IdxFile::read(bytesOf(text), "i"); });
  };
  EXPECT_EQ(refusalOf("x"), "error: 'i' is no IDX file\n");
  EXPECT_EQ(refusalOf(std::string("\0\0\x0d\x01\0\0\0\1", 8)),
            "error: 'i' has elements of type 13; IDX files of bytes (type 8) "
            "are read\n");
  EXPECT_EQ(refusalOf(std::string("\0\0\x08\x03\0\0", 6)),
            "error: 'i' ends inside its header\n");
  EXPECT_EQ(refusalOf(std::string("\0\0\x08\x01\0\0\0\5abc", 11)),
            "error: 'i' should hold [5] = 5 bytes, but has 3\n");
}
