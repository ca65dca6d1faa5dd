// SPDX-License-Identifier: Apache-2.0
//
// A program written by hand.
//
// The tape and the kernels of the toy.

#include "test/unit/Runtime/Toy.h"

#include "runtime/ABI/Philox.h"

#include <cstring>

namespace philox = lamina::philox;

static int64_t noScratch(const int64_t *) { return 0; }
static int64_t table16(const int64_t *) { return 16; }
static int64_t perRow(const int64_t *dims) { return dims[0]; }
static int64_t one(const int64_t *) { return 1; }

/// table[256] ~ normal; item = 16 entries.
static void drawTable(void *const *buffers, const int64_t *,
                      const void *scalars, int64_t first, int64_t last,
                      void *) {
  philox::Key key;
  std::memcpy(&key, scalars, sizeof key);
  auto *table = static_cast<float *>(buffers[0]);
  for (int64_t i = first * 16; i < last * 16; ++i)
    table[i] = float(philox::normal(key, uint64_t(i)));
}

/// error[b, 8] = table[x[b, t]] - x[b, t + 1] / 256; item = a row.
static void errors(void *const *buffers, const int64_t *, const void *,
                   int64_t first, int64_t last, void *) {
  auto *x = static_cast<const int32_t *>(buffers[0]);
  auto *table = static_cast<const float *>(buffers[1]);
  auto *error = static_cast<float *>(buffers[2]);
  for (int64_t b = first; b < last; ++b)
    for (int64_t t = 0; t < 8; ++t)
      error[b * 8 + t] = table[x[b * 9 + t]] - float(x[b * 9 + t + 1]) / 256;
}

/// loss = mean(error^2), total = sum(error^2).
static void loss(void *const *buffers, const int64_t *dims, const void *,
                 int64_t, int64_t, void *) {
  auto *error = static_cast<const float *>(buffers[0]);
  float sum = 0;
  for (int64_t i = 0; i < dims[0] * 8; ++i)
    sum += error[i] * error[i];
  *static_cast<float *>(buffers[1]) = sum / float(dims[0] * 8);
  *static_cast<float *>(buffers[2]) = sum;
}

/// m = 0.9 m + gradient + noise; table -= rate m; item = 16 entries, in place.
static void update(void *const *buffers, const int64_t *dims,
                   const void *scalars, int64_t first, int64_t last, void *) {
  auto *x = static_cast<const int32_t *>(buffers[0]);
  auto *error = static_cast<const float *>(buffers[1]);
  auto *table = static_cast<float *>(buffers[2]);
  auto *m = static_cast<float *>(buffers[3]);
  float rate;
  philox::Key key;
  std::memcpy(&rate, scalars, sizeof rate);
  std::memcpy(&key, static_cast<const char *>(scalars) + 8, sizeof key);
  for (int64_t v = first * 16; v < last * 16; ++v) {
    float gradient = 0;
    for (int64_t b = 0; b < dims[0]; ++b)
      for (int64_t t = 0; t < 8; ++t)
        if (x[b * 9 + t] == v)
          gradient += error[b * 8 + t];
    float noise = float(philox::uniform(key, uint64_t(v))) - 0.5f;
    m[v] = 0.9f * m[v] + gradient / float(dims[0]) + 1e-3f * noise;
    table[v] -= rate * m[v];
  }
}

/// text[i] = the byte that follows text[i - 1] by the table.
static void follow(void *const *buffers, const int64_t *dims, const void *,
                   int64_t, int64_t, void *) {
  auto *prompt = static_cast<const int32_t *>(buffers[0]);
  auto *table = static_cast<const float *>(buffers[1]);
  auto *text = static_cast<int32_t *>(buffers[2]);
  int32_t byte = prompt[dims[0] - 1];
  for (int64_t i = 0; i < dims[1]; ++i) {
    float value = table[byte] * 256;
    byte = value < 0 ? 0 : value > 255 ? 255 : int32_t(value);
    text[i] = byte;
  }
}

const std::vector<LaminaKernel> &toy::kernels() {
  static const std::vector<LaminaKernel> all = {
      {"draw_table", table16, noScratch, drawTable},
      {"errors", perRow, noScratch, errors},
      {"loss", one, noScratch, loss},
      {"update", table16, noScratch, update},
      {"follow", one, noScratch, follow}};
  return all;
}

static const char *const text = R"({
  "lamina_tape": 1, "version": "0.1.0", "name": "toy",
  "sizes": [
    {"name": "batch", "low": 1, "high": 4096, "usual": 4},
    {"name": "t", "low": 1, "high": 1000, "usual": 5},
    {"name": "n", "low": 0, "high": 1000, "usual": 20},
    {"name": "check_batch", "low": 1, "high": 4096, "usual": 4}
  ],
  "program": [
    {"op": "variable", "name": "table", "role": "param", "init": "table.init",
     "type": {"element": "f32", "shape": [2, 128]}, "stack": "rows.*.table"},
    {"op": "variable", "name": "m", "role": "slot", "init": 0.0,
     "type": {"element": "f32", "shape": [256]}},
    {"op": "variable", "name": "t.count", "role": "counter", "init": 0,
     "type": {"element": "i64", "shape": []}},
    {"op": "scalar", "name": "rate", "type": "f32", "default": 0.05, "role": "set", "line": "toy.lam:9:3"},
    {"op": "scalar", "name": "depth", "type": "f32", "default": 4, "role": "fixed", "line": "toy.lam:1:7"},
    {"op": "source", "name": "text", "kind": "windows", "file": "input.txt", "window": 9, "step": 1,
     "columns": [{"name": "window", "element": "i32", "shape": [9], "below": 256, "line": "toy.lam:4:3"}]},
    {"op": "dataset", "name": "learn", "source": "text", "from": 0.0, "to": 0.9},
    {"op": "dataset", "name": "check", "source": "text", "from": 0.9, "to": 1.0},
    {"op": "report", "name": "train.error", "batch": "error.batch", "finish": "error.finish", "every": 20,
     "feed": {"name": "check", "dataset": "check", "batch": 64, "dim": "check_batch", "order": "in order"}},
    {"op": "train", "name": "train", "model": "Toy", "stages": [
      {"step": "train.step", "steps": 100, "reports": ["train.error"],
       "metrics": [{"name": "loss", "every": 1}], "keep": {"report": "error", "best": "lowest"},
       "feeds": [{"name": "learn", "dataset": "learn", "batch": 4, "dim": "batch", "order": "shuffled"}]}]},
    {"op": "sample", "name": "say", "entry": "say", "doc": "Goes on with a text.",
     "parameters": [
       {"name": "prompt", "kind": "tensor", "element": "i32", "text": "bytes", "below": 256},
       {"name": "length", "kind": "size", "dim": "n", "default": 8}],
     "results": [{"name": "text", "text": "bytes"}]},
    {"op": "sample", "name": "show", "entry": "show", "parameters": [],
     "results": [{"name": "table"}]},
    {"op": "provenance", "file": "toy.lam", "hash": "1234"}
  ],
  "kernels": [
    {"name": "draw_table", "kind": "map", "scalars": ["key"], "lines": ["toy.lam:2:3"]},
    {"name": "errors", "kind": "map", "flops": ["*", 16, "batch"]},
    {"name": "loss", "kind": "row"},
    {"name": "update", "kind": "map", "scalars": ["f32", "key"]},
    {"name": "follow", "kind": "row"}
  ],
  "entries": [
    {"name": "table.init", "entry": "init",
     "arguments": [{"type": {"element": "i64", "shape": [2]}, "scalar": "key", "register": 0}],
     "results": [{"type": {"element": "f32", "shape": [2, 128]}, "store": "table", "from": {"base": ["result", 0]}}],
     "registers": ["key"],
     "body": [{"launch": 0, "buffers": [{"base": ["result", 0]}], "dims": [], "scalars": [{"register": 0}]}]},
    {"name": "train.step", "entry": "step",
     "arguments": [
       {"type": {"element": "f32", "shape": [2, 128]}, "load": "table"},
       {"type": {"element": "f32", "shape": [256]}, "load": "m"},
       {"type": {"element": "i64", "shape": []}, "load": "t.count", "register": 2},
       {"type": {"element": "i32", "shape": ["batch", 9]}, "batch": "learn.window"},
       {"type": {"element": "f32", "shape": []}, "scalar": "rate", "register": 0},
       {"type": {"element": "i64", "shape": [2]}, "scalar": "key", "register": 1}],
     "results": [
       {"type": {"element": "f32", "shape": [2, 128]}, "store": "table", "from": {"base": ["argument", 0]}},
       {"type": {"element": "f32", "shape": [256]}, "store": "m", "from": {"base": ["argument", 1]}},
       {"type": {"element": "i64", "shape": []}, "store": "t.count", "from": {"register": 2}},
       {"type": {"element": "f32", "shape": []}, "metric": "loss", "from": {"base": ["slot", 1]}}],
     "registers": ["f64", "key", "i64", "f64", "f64"],
     "slots": [{"bytes": ["*", 32, "batch"], "first": 0, "last": 5}, {"bytes": 8, "first": 0, "last": 5}],
     "body": [
       {"host": 2, "op": "iadd", "args": [{"register": 2}, 1]},
       {"host": 3, "op": "real", "args": [{"register": 2}]},
       {"host": 4, "op": "min", "args": [1.0, {"register": 3}]},
       {"host": 0, "op": "mul", "args": [{"register": 0}, {"register": 4}]},
       {"launch": 1, "buffers": [{"base": ["argument", 3]}, {"base": ["argument", 0]}, {"base": ["slot", 0]}], "dims": ["batch"]},
       {"launch": 2, "buffers": [{"base": ["slot", 0]}, {"base": ["slot", 1]}, {"base": ["slot", 1], "offset": 4}], "dims": ["batch"]},
       {"launch": 3, "buffers": [{"base": ["argument", 3]}, {"base": ["slot", 0]}, {"base": ["argument", 0]}, {"base": ["argument", 1]}],
        "dims": ["batch"], "scalars": [{"register": 0}, {"register": 1}]}]},
    {"name": "error.batch", "entry": "report",
     "arguments": [
       {"type": {"element": "f32", "shape": [2, 128]}, "load": "table"},
       {"type": {"element": "i32", "shape": ["check_batch", 9]}, "batch": "check.window"}],
     "results": [
       {"type": {"element": "f32", "shape": []}, "add": "sum", "from": {"base": ["slot", 1], "offset": 4}},
       {"type": {"element": "f32", "shape": []}, "add": "count", "from": {"register": 1}}],
     "registers": ["i64", "f64"],
     "slots": [{"bytes": ["*", 32, "check_batch"], "first": 0, "last": 5}, {"bytes": 8, "first": 0, "last": 5}],
     "body": [
       {"host": 0, "op": "imul", "args": [{"size": "check_batch"}, 8]},
       {"host": 1, "op": "real", "args": [{"register": 0}]},
       {"launch": 1, "buffers": [{"base": ["argument", 1]}, {"base": ["argument", 0]}, {"base": ["slot", 0]}], "dims": ["check_batch"]},
       {"launch": 2, "buffers": [{"base": ["slot", 0]}, {"base": ["slot", 1]}, {"base": ["slot", 1], "offset": 4}], "dims": ["check_batch"]}]},
    {"name": "error.finish", "entry": "finish",
     "arguments": [
       {"type": {"element": "f32", "shape": []}, "add": "sum", "register": 0},
       {"type": {"element": "f32", "shape": []}, "add": "count", "register": 1}],
     "results": [{"type": {"element": "f32", "shape": []}, "metric": "error", "from": {"register": 0}}],
     "registers": ["f64", "f64"],
     "body": [{"host": 0, "op": "div", "args": [{"register": 0}, {"register": 1}]}]},
    {"name": "say", "entry": "sample",
     "arguments": [
       {"type": {"element": "f32", "shape": [2, 128]}, "load": "table"},
       {"type": {"element": "i32", "shape": [1, "t"]}, "input": "prompt"}],
     "results": [{"type": {"element": "i32", "shape": [1, "n"]}, "output": "text", "from": {"base": ["result", 0]}}],
     "body": [{"launch": 4, "buffers": [{"base": ["argument", 1]}, {"base": ["argument", 0]}, {"base": ["result", 0]}], "dims": ["t", "n"]}]},
    {"name": "show", "entry": "sample",
     "arguments": [{"type": {"element": "f32", "shape": [2, 128]}, "load": "table"}],
     "results": [{"type": {"element": "f32", "shape": [2, 128]}, "output": "table", "from": {"base": ["argument", 0]}}],
     "body": []}
  ]
})";

const std::string &toy::tape() {
  static const std::string whole = text;
  return whole;
}

LaminaImage toy::image(const std::string &tape) {
  static const LaminaVariant any = {"any", kernels().data()};
  return {tape.data(), tape.size(), nullptr, 0, kernels().size(),
          &any,        1,           nullptr, 0};
}
