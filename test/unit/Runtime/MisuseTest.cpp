// SPDX-License-Identifier: Apache-2.0
//
// A built program, misused.
//
// Every mistake that a command line, data or weights allow, each with its whole
// message.

#include "runtime/Checkpoint/Safetensors.h"
#include "runtime/Data/Npy.h"

#include <unistd.h>

#include "test/unit/Runtime/Toy.h"
#include "test/unit/Runtime/ToyTest.h"

using namespace lamina::runtime;
using testing_support::Outcome;
using testing_support::runToy;

TEST_F(Toy, RefusesFlagsThatAreNone) {
  EXPECT_EQ(
      fails(2, "trian"),
      "error: './toy' has no command 'trian'\nnote: did you mean 'train'?\n");
  EXPECT_EQ(
      fails(2, "paint"),
      "error: './toy' has no command 'paint'\nnote: see './toy --help'\n");
  EXPECT_EQ(fails(2, "train --stpes 5"),
            "error: './toy train' has no flag '--stpes'\nnote: did you mean "
            "'--steps'?\n");
  EXPECT_EQ(fails(2, "train --steps"),
            "error: '--steps' needs a value: --steps N\n");
  EXPECT_EQ(
      fails(2, "train --steps many"),
      "error: '--steps' takes a whole number of at least 0, not 'many'\n");
  EXPECT_EQ(fails(2, "train --steps 1 --steps 2"),
            "error: '--steps' is given twice\n");
  EXPECT_EQ(fails(2, "train --resume=yes"),
            "error: '--resume' takes no value\n");
  EXPECT_EQ(fails(2, "train fast"),
            "error: './toy train' does not take 'fast'\n"
            "note: flags begin with two dashes; see './toy train --help'\n");
}

TEST_F(Toy, RefusesValuesOfFlags) {
  EXPECT_EQ(fails(2, "train --threads 0"),
            "error: '--threads' takes a whole number of at least 1, not '0'\n");
  EXPECT_EQ(fails(2, "train --threads 5000"),
            "error: '--threads 5000' is more than 1024\n");
  EXPECT_EQ(fails(2, "train --device tpu"),
            "error: this program runs on 'cpu', not on 'tpu'\n");
  EXPECT_EQ(fails(2, "train --batch x"),
            "error: '--batch' takes a whole number of at least 1, not 'x'\n");
  EXPECT_EQ(fails(2, "train --set rate"),
            "error: '--set rate' is not of the form NAME=NUMBER\n");
  EXPECT_EQ(fails(2, "train --set rat=1"),
            "error: this program has no number 'rat' to set\nnote: did you "
            "mean 'rate'?\n"
            "note: it has rate\n");
  EXPECT_EQ(fails(2, "train --set depth=1"),
            "error: 'depth' is fixed when the program is compiled\n"
            "note: toy.lam:1:7: fixed here\n");
  EXPECT_EQ(fails(2, "say --prompt a --length x"),
            "error: '--length' takes a whole number from 0, not 'x'\n");
}

TEST_F(Toy, RefusesFlagsThatDoNotFitTogether) {
  EXPECT_EQ(fails(2, "train --resume"),
            "error: '--resume' needs '--out' with the folder of the run\n");
  EXPECT_EQ(fails(2, "train --resume --out r --weights w"),
            "error: '--resume' goes on with the weights of the run; it does "
            "not take '--weights'\n");
  EXPECT_EQ(fails(2, "eval"), "error: './toy eval' needs '--weights' with a "
                              "file or the folder of a run\n");
  EXPECT_EQ(fails(2, "eval tune --weights r"),
            "error: this program has no training 'tune'\n"
            "note: write './toy eval NAME' with one of 'train'\n");
  EXPECT_EQ(fails(2, "say --weights r"),
            "error: './toy say' needs '--prompt'\n");
}

TEST_F(Toy, RefusesBadData) {
  EXPECT_EQ(fails(1, "train --data none.txt --out r"),
            "error: cannot read 'none.txt': no such file or directory\n"
            "note: data 'text' is read from 'none.txt'; --data text=FILE reads "
            "another\n");
  folder.write("short.txt", "abc");
  EXPECT_EQ(fails(1, "train --data text=short.txt --out r"),
            "error: 'short.txt' has 3 bytes, but a window takes 9\n"
            "note: data 'text' is read from 'short.txt'; --data text=FILE "
            "reads another\n");
  EXPECT_EQ(fails(1, "train --batch 4000 --out r"),
            "error: a batch takes 4000 records, but 'learn' has 2692\n"
            "note: a smaller --batch or more data would do\n");
  folder.write("cut.gz", "\x1f\x8b\x08");
  EXPECT_EQ(fails(1, "train --data cut.gz --out r"),
            "error: 'cut.gz' ends in the middle of its compressed data\n"
            "note: data 'text' is read from 'cut.gz'; --data text=FILE reads "
            "another\n");
}

TEST_F(Toy, RefusesBadWeights) {
  train("--out r --steps 2");
  EXPECT_EQ(fails(1, "eval --weights none"),
            "error: cannot read 'none': no such file or directory\n");
  folder.write("w", "not weights");
  EXPECT_EQ(fails(1, "eval --weights w").substr(0, 40),
            "error: 'w' is no safetensors file: it do");
  std::vector<float> values(256);
  SafetensorsWriter writer;
  writer.add("rows.0.table", "F32", {64}, values.data());
  writer.write(folder.path("other.safetensors"));
  EXPECT_EQ(
      fails(1, "eval --weights other.safetensors"),
      "error: 'other.safetensors' is of another model: 2 tensors differ\n"
      "note: 'rows.0.table' is [64] in the file and [128] in this program\n"
      "note: 'rows.1.table' [128] is not in the file\n");
  SafetensorsWriter whole;
  whole.add("rows.0.table", "I64", {128}, values.data());
  whole.add("rows.1.table", "F32", {128}, values.data());
  whole.write(folder.path("int.safetensors"));
  EXPECT_EQ(
      fails(1, "eval --weights int.safetensors"),
      "error: 'int.safetensors' is of another model: 1 tensor differs\n"
      "note: 'rows.0.table' is I64 in the file and F32 in this program\n");
  makeFolder(folder.path("empty"));
  EXPECT_EQ(fails(1, "eval --weights empty"),
            "error: 'empty' holds no weights\n");
}

TEST_F(Toy, RefusesToOverwriteOrMixRuns) {
  train("--out r --steps 2");
  EXPECT_EQ(fails(1, "train --out r"),
            "error: 'r' holds a run that stands at step 2\n"
            "note: --resume goes on with it; another --out begins a new one\n");
  EXPECT_EQ(fails(1, "train --out r --resume --seed 5"),
            "error: the run in 'r' has seed 0, but '--seed' says 5\n");
  std::string good = folder.read("r/step-2.safetensors");
  folder.write("r/step-2.safetensors", good.substr(0, 200));
  EXPECT_EQ(fails(1, "train --out r --resume").substr(0, 55),
            "error: 'r/step-2.safetensors' is no safetensors file: i");
  folder.write("r/step-2.safetensors", weightsOf("r"));
  EXPECT_EQ(fails(1, "train --out r --resume"),
            "error: 'r/step-2.safetensors' holds weights, but no state of "
            "training\n");
}

TEST_F(Toy, RefusesFoldersItCannotWrite) {
  EXPECT_EQ(fails(1, "train --out input.txt/r"),
            "error: cannot make the folder 'input.txt/r': 'input.txt' is a "
            "file\n");
}

TEST_F(Toy, SaysWhenTheDiskIsFull) {
  // A limit on the size of files stands for a full disk.
  Outcome outcome =
      runToy(folder, "train --out r --steps 5", "ulimit -f 1; trap '' XFSZ;");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "error: cannot write 'r/weights.safetensors': file too large\n");
  EXPECT_EQ(listFolder(folder.path("r")),
            std::vector<std::string>{"log.jsonl"});
}

TEST_F(Toy, RefusesBadParameters) {
  train("--out r --steps 2");
  EXPECT_EQ(fails(2, "say --weights r --prompt ''"),
            "error: '--prompt' is empty: 't' is 0, but this program takes 1 to "
            "1000\n");
  EXPECT_EQ(fails(1, "say --weights r --prompt a --length 5000"),
            "error: 'n' is 5000, but this program takes 0 to 1000\n");
  EXPECT_EQ(fails(1, "say --weights r --prompt a --prompt bc"),
            "error: texts given by several '--prompt' have one length, not 1 "
            "and 2\n");
  EXPECT_EQ(fails(1, "say --weights r --prompt a --prompt b"),
            "error: '--prompt' is [2, 1], but [1, t] is taken\n");
  std::vector<int32_t> ids = {300};
  writeNpy(folder.path("ids.npy"), Element::I32, {1, 1}, ids.data());
  EXPECT_EQ(fails(1, "say --weights r --prompt ids.npy"),
            "error: '--prompt' holds 300, but its ids go from 0 to 255\n");
  EXPECT_EQ(fails(1, "say --weights r --prompt none.npy"),
            "error: cannot read 'none.npy': no such file or directory\n");
}

TEST_F(Toy, RefusesABrokenTape) {
  folder.write("tape", toy::tape().substr(0, 100));
  Outcome outcome = runToy(folder, "info", "LAMINA_TOY_TAPE=tape");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: tape: expected ',' or '}' (byte 100)\n");
}
