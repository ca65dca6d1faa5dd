// SPDX-License-Identifier: Apache-2.0
//
// Sources of records.

#include "runtime/Data/Csv.h"
#include "runtime/Data/Npy.h"
#include "runtime/Data/Vocabulary.h"

#include "test/unit/Runtime/Plans.h"
#include "test/unit/Runtime/Testing.h"

using namespace lamina::runtime;
using testing_support::column;
using testing_support::Folder;
using testing_support::messageOf;
using testing_support::plan;
using testing_support::read;

TEST(Windows, AreEveryPositionOrEveryStep) {
  Folder folder;
  SourcePlan p = plan("windows", folder.write("t", "abcdefg"),
                      {column("window", Element::I32, {3}, 256)});
  p.window = 3;
  auto source = Source::open(p);
  EXPECT_EQ(source->count(), 5);
  EXPECT_EQ(read<int32_t>(*source, 4), (std::vector<int32_t>{'e', 'f', 'g'}));
  p.step = 3;
  EXPECT_EQ(Source::open(p)->count(), 2);
  EXPECT_EQ(read<int32_t>(*Source::open(p), 1),
            (std::vector<int32_t>{'d', 'e', 'f'}));
  p.window = 8;
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR/t' has 7 bytes, but a window takes 8\n");
}

TEST(Windows, ReadCharactersOfAVocabulary) {
  Folder folder;
  SourcePlan p = plan("windows", folder.write("t", "aäb"),
                      {column("window", Element::I32, {2}, 3)});
  p.window = 2;
  p.vocabulary = {"a", "b", "ä"};
  auto source = Source::open(p);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<int32_t>(*source, 1), (std::vector<int32_t>{2, 1}));
  p.vocabulary = {"a", "b"};
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: byte 1 of 'DIR/t': the character 'ä' is not in the "
            "vocabulary of this "
            "program\nnote: it has 2 characters, read when the program was "
            "compiled\n");
}

TEST(Vocabulary, DecodesWhatItEncodes) {
  Vocabulary bytes, words({"a", "ab", "c"});
  EXPECT_EQ(bytes.decode({'h', 'i'}), "hi");
  std::vector<uint32_t> tokens = words.encode("abca", 4, "x");
  EXPECT_EQ(tokens, (std::vector<uint32_t>{1, 2, 0}));
  EXPECT_EQ(words.decode({1, 2, 0, 7}), "ab c a\xEF\xBF\xBD");
}

static std::string idx(std::vector<int> shape, const std::string &bytes) {
  std::string text = std::string("\0\0\x08", 3) + char(shape.size());
  for (int size : shape)
    text += std::string("\0\0", 2) + char(size >> 8) + char(size);
  return text + bytes;
}

TEST(Images, HaveLabelsAndAreChecked) {
  Folder folder;
  SourcePlan p = plan("images", folder.write("i", idx({2, 1, 2}, "\1\2\3\4")),
                      {column("image", Element::F32, {1, 2, 1}),
                       column("label", Element::I32, {}, 10)});
  p.labels = folder.write("l", idx({2}, "\7\x0a"));
  auto source = Source::open(p);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<float>(*source, 1), (std::vector<float>{3, 4}));
  EXPECT_EQ(read<int32_t>(*source, 0, 1), std::vector<int32_t>{7});
  EXPECT_EQ(
      messageOf([&] { read<int32_t>(*source, 1, 1); }, folder.name()),
      "error: record 1 of 'DIR/i': 'label' is 10, but id(10) goes from 0 to 9\n"
      "note: f.lam:3:5: label: id(10) = .label\n");
  p.labels = folder.write("l", idx({1}, "\7"));
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR/i' holds 2 images, but 'DIR/l' holds [1] labels\n");
  p.columns[0].shape = {2, 2, 1};
  p.labels = folder.write("l", idx({2}, "\7\7"));
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'image' of 'DIR/i' is [1, 2, 1], but this program reads "
            "[2, 2, 1]\n"
            "note: f.lam:3:5: label: id(10) = .label\n");
  p.file = folder.name();
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR' is a folder; images are read from IDX files\n");
}

static std::vector<std::vector<std::string>> csv(const std::string &text) {
  std::string name = "t";
  CsvReader reader(text.data(), text.size(), ',', name);
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> fields;
  while (reader.next(fields))
    records.push_back(fields);
  return records;
}

TEST(Csv, ReadsQuotesAndLineEnds) {
  using Records = std::vector<std::vector<std::string>>;
  EXPECT_EQ(csv("a,b\r\n1,2\n"), (Records{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(csv("\"a,\"\"b\"\"\nc\",d"), (Records{{"a,\"b\"\nc", "d"}}));
  EXPECT_EQ(csv("a,,\n"), (Records{{"a", "", ""}}));
  EXPECT_EQ(csv("\n\na\n\nb"), (Records{{"a"}, {"b"}}));
  EXPECT_EQ(csv(""), Records{});
  EXPECT_EQ(
      messageOf([] { csv("a\n\"b"); }),
      "error: 't', line 2: a double quote begins here and does not end\n");
}

TEST(Table, GivesNumbersAndWords) {
  Folder folder;
  Column species = column("species", Element::I32, {}, 2);
  species.value = TextFunction::unary(TextFunction::Op::Index, species.value);
  species.value.words = {"Adelie", "Gentoo"};
  SourcePlan p = plan(
      "table", folder.write("p.csv", "species,mass\nGentoo, 5.5\nAdelie,3\n"),
      {column("mass", Element::F32, {}), species});
  auto source = Source::open(p);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<float>(*source, 0), std::vector<float>{5.5f});
  EXPECT_EQ(read<int32_t>(*source, 1, 1), std::vector<int32_t>{0});
  p.columns[0].value.text = "mas";
  EXPECT_EQ(
      messageOf([&] { Source::open(p); }, folder.name()),
      "error: 'DIR/p.csv' has no column 'mas'\nnote: did you mean 'mass'?\n"
      "note: it has 'species', 'mass'\n");
  p.columns[0].value.text = "mass";
  p.file = folder.write("q.csv", "species,mass\nGentoo,NA\n");
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR/q.csv', line 2: 'mass' is 'NA', no number\n"
            "note: f.lam:3:5: label: id(10) = .label\n");
  p.file = folder.write("r.csv", "species,mass\nEmperor,1\n");
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR/r.csv', line 2: 'species' is 'Emperor', none of the "
            "words that its "
            "line lists\nnote: f.lam:3:5: label: id(10) = .label\n");
  p.file = folder.write("s.csv", "species,mass\nGentoo\n");
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR/s.csv', line 2: 1 field, but the first line has 2\n");
  p.file = folder.write("t.csv", "");
  EXPECT_EQ(messageOf([&] { Source::open(p); }, folder.name()),
            "error: 'DIR/t.csv' is empty\n");
}

TEST(Table, WithoutHeaderIsColumns) {
  Folder folder;
  SourcePlan p = plan("table", folder.write("d", "1,2\n3,4\n"),
                      {column("x", Element::F32, {2})});
  p.header = false;
  p.columns[0].value.op = TextFunction::Op::Columns;
  auto source = Source::open(p);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<float>(*source, 1), (std::vector<float>{3, 4}));
}

static Cell made(const std::string &function) {
  return TextFunction::read(Json::parse(function, "x"))
      .evaluate([](const std::string &name, bool all) {
        return all ? Cell::ofTexts({"1", "2", "x"})
                   : Cell::ofText(name == "a" ? " Ab c " : "7");
      });
}

static std::string refused(const std::string &function) {
  return messageOf([&] { made(function); });
}

TEST(TextFunction, MakesColumnsOfFields) {
  EXPECT_EQ(made(R"({"op": "number", "of": [{"field": "b"}]})").numbers[0], 7);
  EXPECT_EQ(
      made(
          R"({"op": "lower", "of": [{"op": "strip", "of": [{"field": "a"}]}]})")
          .texts[0],
      "ab c");
  EXPECT_EQ(
      made(
          R"({"op": "number", "of": [{"op": "cut", "high": -1, "of": [{"op": "columns"}]}]})")
          .numbers,
      (std::vector<double>{1, 2}));
  EXPECT_EQ(
      made(R"({"op": "at", "low": -1, "of": [{"op": "columns"}]})").texts[0],
      "x");
  EXPECT_EQ(
      made(
          R"({"op": "encode", "of": [{"field": "a"}], "words": ["c", "Ab", "[UNK]"]})")
          .numbers,
      (std::vector<double>{1, 0}));
  EXPECT_EQ(
      made(
          R"({"op": "encode", "of": [{"op": "text", "text": "x y"}], "words": ["aa", "[UNK]"]})")
          .numbers,
      (std::vector<double>{1, 1}));
  EXPECT_EQ(
      made(R"({"op": "index", "of": [{"field": "b"}], "words": ["6", "7"]})")
          .numbers[0],
      1);
  EXPECT_LT(
      made(R"({"op": "hashed", "n": 10, "of": [{"field": "b"}]})").numbers[0],
      10);
}

TEST(TextFunction, AsksConditions) {
  std::string isSeven =
      R"({"op": "==", "of": [{"field": "b"}, {"op": "text", "text": "7"}]})";
  EXPECT_EQ(made(isSeven).numbers[0], 1);
  EXPECT_EQ(made(R"({"op": "not", "of": [)" + isSeven + "]}").numbers[0], 0);
  EXPECT_EQ(made(R"({"op": "or", "of": [)" + isSeven + "," + isSeven + "]}")
                .numbers[0],
            1);
  EXPECT_EQ(
      made(
          R"({"op": "<", "of": [{"op": "number", "of": [{"field": "b"}]}, {"op": "text", "text": "7.5"}]})")
          .numbers[0],
      1);
}

TEST(TextFunction, SaysWhatDoesNotWork) {
  EXPECT_EQ(refused(R"({"op": "number", "of": [{"field": "a"}]})"),
            "error: 'a' is ' Ab c ', no number\n");
  EXPECT_EQ(
      refused(R"({"op": "encode", "of": [{"field": "a"}], "words": ["Ab"]})"),
      "error: 'a' holds 'c', which is not in the vocabulary of this program\n"
      "note: a word '[UNK]' in the vocabulary would stand for it\n");
  EXPECT_EQ(refused(R"({"op": "at", "low": 3, "of": [{"op": "columns"}]})"),
            "error: 'columns' has 3 items, none at 3\n");
  EXPECT_EQ(refused(R"({"op": "upper", "of": []})"),
            "error: unknown text function 'upper' (byte 0)\n");
  EXPECT_EQ(refused(R"({"op": "==", "of": []})"),
            "error: '==' takes 2 operands (byte 0)\n");
}

TEST(Table, KeepsRecordsForWhichConditionsHold) {
  Folder folder;
  SourcePlan p = plan("table", folder.write("p.csv", "a,b\n1,x\n,y\n3,z\n"),
                      {column("a", Element::F32, {})});
  p.conditions.push_back(TextFunction::read(Json::parse(
      R"({"op": "!=", "of": [{"field": "a"}, {"op": "text", "text": ""}]})",
      "x")));
  auto source = Source::open(p);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<float>(*source, 1), std::vector<float>{3});
}

TEST(Lines, AreTextOrJson) {
  Folder folder;
  SourcePlan text = plan("lines", folder.write("t", "ab\n\ncde"),
                         {column("text", Element::I32, {-1}, 256)});
  auto source = Source::open(text);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<int32_t>(*source, 1), (std::vector<int32_t>{'c', 'd', 'e'}));
  SourcePlan json = plan(
      "lines", folder.write("j", "{\"x\": [1, 2.5], \"y\": 3}\n{\"x\": []}\n"),
      {column("x", Element::F32, {-1}), column("y", Element::I32, {}, 10)});
  source = Source::open(json);
  EXPECT_EQ(read<float>(*source, 0), (std::vector<float>{1, 2.5f}));
  EXPECT_EQ(source->length(1, 0), 0);
  EXPECT_EQ(messageOf([&] { read<int32_t>(*source, 1, 1); }, folder.name()),
            "error: record 1 of 'DIR/j' has no 'y'\n");
  json.columns[0].shape = {3};
  EXPECT_EQ(messageOf(
                [&] {
                  float out[8];
                  Source::open(json)->read(0, 0, reinterpret_cast<char *>(out));
                },
                folder.name()),
            "error: record 0 of 'DIR/j': 'x' is a list of 2 numbers, but [3] "
            "takes 3\n"
            "note: f.lam:3:5: label: id(10) = .label\n");
  json.columns[0] = column("x", Element::I32, {-1});
  EXPECT_EQ(
      messageOf([&] { read<int32_t>(*Source::open(json), 0); }, folder.name()),
      "error: record 0 of 'DIR/j': 'x' is 2.5, which is no whole number\n"
      "note: f.lam:3:5: label: id(10) = .label\n");
}

TEST(Arrays, AreNpyOrRaw) {
  Folder folder;
  std::vector<int32_t> values = {1, 2, 3, 4, 5, 6};
  writeNpy(folder.path("a.npy"), Element::I32, {3, 2}, values.data());
  auto source = Source::open(
      plan("arrays", folder.path("a.npy"), {column("x", Element::F32, {2})}));
  EXPECT_EQ(source->count(), 3);
  EXPECT_EQ(read<float>(*source, 2), (std::vector<float>{5, 6}));
  folder.write("raw", std::string(reinterpret_cast<char *>(values.data()), 24));
  source = Source::open(
      plan("arrays", folder.path("raw"), {column("x", Element::I32, {3})}));
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(read<int32_t>(*source, 1), (std::vector<int32_t>{4, 5, 6}));
  EXPECT_EQ(messageOf(
                [&] {
                  Source::open(plan("arrays", folder.path("raw"),
                                    {column("x", Element::I32, {4})}));
                },
                folder.name()),
            "error: 'DIR/raw' has 24 bytes, which is no multiple of the 16 "
            "that a record of "
            "i32[4] takes\n");
}
