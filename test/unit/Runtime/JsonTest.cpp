// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing JSON.

#include "runtime/Json/Json.h"

#include <cmath>

#include "test/unit/Runtime/Testing.h"

using namespace lamina::runtime;
using testing_support::messageOf;

static std::string failure(const std::string &text) {
  return messageOf([&] { Json::parse(text, "x"); });
}

TEST(Json, ReadsEveryKind) {
  Json json = Json::parse(
      R"( {"a": [1, -2.5e1, true, null], "b": "\u00e4\n\ud83d\ude00", "c": {}} )",
      "x");
  EXPECT_EQ(json["a"][0].asInt(), 1);
  EXPECT_EQ(json["a"][1].asReal(), -25);
  EXPECT_TRUE(json["a"][2].asBool());
  EXPECT_TRUE(json["a"][3].isNull());
  EXPECT_EQ(json["b"].asText(), "ä\n😀");
  EXPECT_EQ(json["c"].members().size(), 0u);
}

TEST(Json, WritesWhatItReads) {
  std::string text = R"({"a": [1, 0.1, "x\"\\\n"], "b": false, "c": null})";
  EXPECT_EQ(Json::parse(text, "x").dump(), text);
}

TEST(Json, KeepsRealsToTheBit) {
  for (double value : {0.1, 1e300, 5e-324, -1.0 / 3})
    EXPECT_EQ(Json::parse(Json(value).dump(), "x").asReal(), value);
  EXPECT_EQ(Json(NAN).dump(), "\"nan\"");
}

TEST(Json, LargeWholeNumbersStayExact) {
  EXPECT_EQ(Json::parse("9223372036854775807", "x").asInt(), INT64_MAX);
  EXPECT_FALSE(Json::parse("9223372036854775808", "x").isInt());
}

TEST(Json, RefusesWhatIsBroken) {
  EXPECT_EQ(failure(""),
            "error: x: the text ends where a value should stand (byte 0)\n");
  EXPECT_EQ(failure("[1, 2"), "error: x: expected ',' or ']' (byte 5)\n");
  EXPECT_EQ(failure("{\"a\" 1}"), "error: x: expected ':' (byte 5)\n");
  EXPECT_EQ(failure("{1: 2}"),
            "error: x: expected a name in double quotes (byte 1)\n");
  EXPECT_EQ(failure("[1] 2"),
            "error: x: there is more text after the value (byte 4)\n");
  EXPECT_EQ(failure("\"abc"),
            "error: x: the text ends inside double quotes (byte 4)\n");
  EXPECT_EQ(failure("\"\\q\""), "error: x: unknown escape (byte 3)\n");
  EXPECT_EQ(failure("\"\\ud800\""),
            "error: x: half of a surrogate pair (byte 7)\n");
  EXPECT_EQ(failure("\"\\u12"),
            "error: x: expected four hexadecimal digits (byte 5)\n");
  EXPECT_EQ(failure("1e999"), "error: x: '1e999' is no number (byte 0)\n");
  EXPECT_EQ(failure("-"), "error: x: expected a value (byte 0)\n");
  EXPECT_EQ(failure("trux"), "error: x: expected 'true' (byte 3)\n");
  EXPECT_EQ(failure("{\"a\": 1, \"a\": 2}"),
            "error: x: 'a' stands twice in one object (byte 16)\n");
  EXPECT_EQ(
      failure("\"a\x01\""),
      "error: x: a control character stands inside double quotes (byte 3)\n");
}

TEST(Json, RefusesDeepNesting) {
  EXPECT_EQ(failure(std::string(100000, '[')),
            "error: x: nested deeper than 128 (byte 129)\n");
}

TEST(Json, SaysWhatItFoundInstead) {
  Json json = Json::parse(R"({"a": "b"})", "x");
  EXPECT_EQ(messageOf([&] { json["a"].asInt(); }),
            "error: expected a whole number, found a text (byte 6)\n");
  EXPECT_EQ(messageOf([&] { json["c"]; }), "error: 'c' is missing (byte 0)\n");
}

TEST(Messages, QuoteKeepsALineReadable) {
  EXPECT_EQ(quote("a\tb\x01\xff"), "'a\\tb\\x01\\xff'");
  EXPECT_EQ(quote("ä"), "'ä'");
  std::string cut = quote("/home/" + std::string(1000, 'x') + "/text.txt");
  EXPECT_LT(cut.size(), 100u);
  EXPECT_EQ(cut.substr(0, 9), "'/home/xx");
  EXPECT_EQ(cut.substr(cut.size() - 12), "xx/text.txt'");
}

TEST(Messages, NearestNameIsCloseOrEmpty) {
  EXPECT_EQ(nearestName("stpes", {"steps", "seed"}), "did you mean 'steps'?");
  EXPECT_EQ(nearestName("learning", {"steps", "seed"}), "");
  EXPECT_EQ(nearestName("x", {"y"}), "");
}

TEST(Messages, NumbersHaveTheFewestDigitsThatReadBack) {
  EXPECT_EQ(join(0.1), "0.1");
  EXPECT_EQ(join(0.1f), "0.1");
  EXPECT_EQ(join(1e100), "1e+100");
}
