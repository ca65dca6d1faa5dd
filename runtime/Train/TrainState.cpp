// SPDX-License-Identifier: Apache-2.0
//
// Where a training run stands.
//
// A state in, one line of JSON out, and back with every number checked.

#include "runtime/Train/TrainState.h"

namespace lamina {
namespace runtime {

std::string TrainState::toText() const {
  Json json = Json::object();
  json.set("version", 1);
  json.set("train", train);
  json.set("stage", int64_t(stage));
  json.set("step", step);
  json.set("stage_step", stageStep);
  json.set("seed", seed);
  Json positions = Json::object();
  for (const auto &feed : feeds) {
    Json position = Json::list();
    position.push(feed.second.epoch);
    position.push(feed.second.next);
    positions.set(feed.first, position);
  }
  json.set("feeds", positions);
  if (hasBest) {
    json.set("best", best);
    json.set("best_step", bestStep);
    json.set("worse_reports", worseReports);
  }
  return json.dump();
}

static int64_t notNegative(const Json &value) {
  if (value.asInt() < 0)
    value.complain("a number below 0");
  return value.asInt();
}

TrainState TrainState::fromText(const std::string &text,
                                const std::string &file) {
  std::string what = join(quote(file), " holds no state of training");
  Json json = Json::parse(text, what);
  try {
    if (json["version"].asInt() != 1)
      json.complain(
          join("version ", json["version"].asInt(), " of it is unknown"));
    TrainState state;
    state.train = json["train"].asText();
    state.stage = size_t(notNegative(json["stage"]));
    state.step = notNegative(json["step"]);
    state.stageStep = notNegative(json["stage_step"]);
    state.seed = json["seed"].asInt();
    for (const Json::Member &feed : json["feeds"].members()) {
      if (feed.second.size() != 2)
        feed.second.complain("a position has two numbers");
      state.feeds[feed.first] = {notNegative(feed.second[0]),
                                 notNegative(feed.second[1])};
    }
    if (const Json *best = json.find("best")) {
      state.hasBest = true;
      state.best = best->asReal();
      state.bestStep = notNegative(json["best_step"]);
      state.worseReports = notNegative(json["worse_reports"]);
    }
    return state;
  } catch (Error &error) {
    error.message = join(what, ": ", error.message);
    throw;
  }
}

} // namespace runtime
} // namespace lamina
