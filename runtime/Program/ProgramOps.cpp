// SPDX-License-Identifier: Apache-2.0
//
// Variables, data, training and samples.
//
// One JSON object of the tape's "program" in, one plan out (docs/program.md).

#include "runtime/Program/ProgramReader.h"

namespace lamina {
namespace runtime {

void readVariable(const Json &op, Program &program) {
  Variable variable;
  variable.name = op["name"].asText();
  variable.role = textOr(op, "role", "param");
  variable.type = Type::read(op["type"], program.sizes);
  if (!variable.type.isStatic())
    op.complain(
        join("the variable ", quote(variable.name), " has a named size"));
  const Json *init = op.find("init");
  if (init && init->isText())
    variable.initEntry = symbol(op, "init", program.entries);
  else if (init && !init->isNull())
    variable.initNumber = init->asReal();
  variable.stack = textOr(op, "stack");
  variable.file = textOr(op, "file", variable.name.c_str());
  size_t stars = 0;
  for (char c : variable.stack)
    stars += c == '*';
  if (stars > variable.type.shape.size())
    op.complain(join(quote(variable.stack),
                     " has more stars than the variable has axes"));
  variable.replaces = symbolOr(op, "of", program.variables);
  program.variables.push_back(std::move(variable));
}

/// The element of a type attribute of rank 0, written short or in full.
static Element scalarElement(const Json &op) {
  const Json *type = op.find("type");
  if (!type)
    return Element::F32;
  return elementNamed(type->isObject() ? (*type)["element"] : *type);
}

void readScalar(const Json &op, Program &program) {
  Scalar scalar;
  scalar.name = op["name"].asText();
  scalar.role = textOr(op, "role");
  scalar.line = textOr(op, "line");
  scalar.element = scalarElement(op);
  if (const Json *value = op.find("default"))
    scalar.value = value->asReal();
  program.scalars.push_back(std::move(scalar));
}

static Column readColumn(const Json &item) {
  Column column;
  column.name = item["name"].asText();
  column.element = elementNamed(item["element"]);
  for (const Json &size : listOr(item, "shape"))
    column.shape.push_back(size.asInt());
  column.below = intOr(item, "below", -1);
  const Json *value = item.find("value");
  column.value = value && !value->isNull() ? TextFunction::read(*value)
                                           : TextFunction::field(column.name);
  column.check = textOr(item, "check");
  column.line = textOr(item, "line");
  return column;
}

void readSource(const Json &op, Program &program) {
  SourcePlan source;
  source.name = op["name"].asText();
  source.kind = op["kind"].asText();
  source.file = textOr(op, "file");
  source.labels = textOr(op, "labels");
  source.separator = textOr(op, "separator", ",");
  source.header = boolOr(op, "header", true);
  source.window = intOr(op, "window", 0);
  source.step = intOr(op, "step", 1);
  source.count = intOr(op, "count", 0);
  source.where = textOr(op, "where");
  source.check = textOr(op, "check");
  source.rows = symbolOr(op, "dim", program.sizes);
  for (const Json &item : listOr(op, "ids")) {
    Column id;
    id.name = item["name"].asText();
    id.below = item["below"].asInt();
    id.line = textOr(item, "line");
    source.ids.push_back(std::move(id));
  }
  source.vocabulary = readWords(op.find("vocabulary"));
  for (const Json &condition : listOr(op, "conditions"))
    source.conditions.push_back(TextFunction::read(condition));
  if (source.window < 0 || source.step < 1 || source.count < 0)
    op.complain("a size of a source is negative");
  for (const Json &column : listOr(op, "columns"))
    source.columns.push_back(readColumn(column));
  program.sources.push_back(std::move(source));
}

static void readSplit(const Json &op, SplitPlan &split) {
  split.by = textOr(op, "by");
  if (const Json *from = op.find("from"))
    split.from = from->asReal();
  if (const Json *to = op.find("to"))
    split.to = to->asReal();
  if (!(split.from >= 0 && split.from <= split.to))
    op.complain("a part of a split ends before it begins");
}

void readDataset(const Json &op, Program &program) {
  DatasetPlan dataset;
  dataset.name = op["name"].asText();
  const std::string &from = op["source"].asText();
  for (size_t i = 0; i < program.datasets.size(); ++i)
    if (program.datasets[i].name == from)
      dataset.of = i;
  if (dataset.of == none)
    dataset.source = symbol(op, "source", program.sources);
  readSplit(op, dataset.split);
  dataset.where = textOr(op, "where");
  program.datasets.push_back(std::move(dataset));
}

/// A feed names a dataset, or a source for all of its records.
static FeedPlan readFeed(const Json &item, Program &program) {
  FeedPlan feed;
  const std::string &name = item["dataset"].asText();
  for (size_t i = 0; i < program.datasets.size(); ++i)
    if (program.datasets[i].name == name)
      feed.dataset = i;
  if (feed.dataset == none) {
    DatasetPlan whole;
    whole.name = name;
    whole.source = symbol(item, "dataset", program.sources);
    feed.dataset = program.datasets.size();
    program.datasets.push_back(std::move(whole));
  }
  feed.name = textOr(item, "name", name.c_str());
  feed.batch = intOr(item, "batch", 0);
  feed.size = symbolOr(item, "dim", program.sizes);
  feed.shuffled =
      textOr(item, "order", "shuffled") == "shuffled" && feed.batch > 0;
  feed.by = textOr(item, "by");
  feed.repeat = intOr(item, "repeat", 1);
  if (feed.batch < 0 || feed.repeat < 1)
    item.complain("a feed has a negative batch");
  return feed;
}

void readReport(const Json &op, Program &program) {
  ReportPlan report;
  report.symbol = op["name"].asText();
  // The symbol is unique in the program (`train.perplexity`); people read its
  // end.
  report.name = textOr(
      op, "label", report.symbol.substr(report.symbol.rfind('.') + 1).c_str());
  report.line = textOr(op, "line");
  report.batchEntry = symbol(op, "batch", program.entries);
  report.finishEntry = symbol(op, "finish", program.entries);
  const Json *every = op.find("every");
  report.every = every && every->isInt() ? every->asInt() : 0;
  report.feed = readFeed(op["feed"], program);
  program.reports.push_back(std::move(report));
}

static CountPlan readCount(const Json &item, const char *key,
                           const Program &program) {
  CountPlan count;
  const Json *value = item.find(key);
  if (!value || value->isNull())
    return count;
  if (value->isText())
    count.scalar = symbol(item, key, program.scalars);
  else
    count.number = value->asInt();
  return count;
}

static KeepPlan readKeep(const Json &item) {
  KeepPlan keep;
  keep.report = item["report"].asText();
  keep.lowest = textOr(item, "best", "lowest") == "lowest";
  keep.patience = intOr(item, "patience", -1);
  return keep;
}

static size_t reportNamed(const Json &name, const Program &program) {
  for (size_t i = 0; i < program.reports.size(); ++i)
    if (program.reports[i].symbol == name.asText())
      return i;
  name.complain(join("there is no report ", quote(name.asText())));
}

static StagePlan readStage(const Json &item, Program &program) {
  StagePlan stage;
  stage.name = textOr(item, "name");
  stage.step = symbol(item, "step", program.entries);
  stage.final = symbolOr(item, "final", program.entries);
  stage.batchInit = symbolOr(item, "batch_init", program.entries);
  stage.steps = readCount(item, "steps", program);
  stage.epochs = readCount(item, "epochs", program);
  if (!stage.steps.isGiven() && !stage.epochs.isGiven())
    item.complain("a stage has neither 'steps' nor 'epochs'");
  for (const Json &feed : listOr(item, "feeds"))
    stage.feeds.push_back(readFeed(feed, program));
  for (const Json &report : listOr(item, "reports"))
    stage.reports.push_back(reportNamed(report, program));
  for (const Json &metric : listOr(item, "metrics"))
    stage.metrics.push_back(
        {metric["name"].asText(), intOr(metric, "every", 1)});
  if (const Json *keep = item.find("keep"); keep && !keep->isNull())
    stage.keep = readKeep(*keep);
  for (const Json &name : listOr(item, "fresh")) {
    size_t variable = program.variableNamed(name.asText());
    if (variable == none)
      name.complain(join("there is no variable ", quote(name.asText())));
    stage.fresh.push_back(variable);
  }
  return stage;
}

void readTrain(const Json &op, Program &program) {
  TrainPlan train;
  train.name = op["name"].asText();
  train.model = textOr(op, "model");
  train.from = textOr(op, "from");
  train.doc = textOr(op, "doc");
  for (const Json &stage : listOr(op, "stages"))
    train.stages.push_back(readStage(stage, program));
  if (train.stages.empty())
    op.complain(join(quote(train.name), " has no stages"));
  program.trains.push_back(std::move(train));
}

static ParameterPlan readParameter(const Json &item, const Program &program) {
  ParameterPlan parameter;
  parameter.name = item["name"].asText();
  parameter.kind = item["kind"].asText();
  if (const Json *element = item.find("element"))
    parameter.element = elementNamed(*element);
  parameter.size = symbolOr(item, "dim", program.sizes);
  parameter.below = intOr(item, "below", -1);
  const Json *text = item.find("text");
  parameter.isText = text && !text->isNull();
  parameter.vocabulary = readWords(text);
  if (const Json *value = item.find("default"))
    parameter.fallback = *value;
  return parameter;
}

void readSample(const Json &op, Program &program) {
  SamplePlan sample;
  sample.name = textOr(op, "label", op["name"].asText().c_str());
  sample.doc = textOr(op, "doc");
  sample.entry = symbol(op, "entry", program.entries);
  for (const Json &item : listOr(op, "parameters"))
    sample.parameters.push_back(readParameter(item, program));
  for (const Json &item : listOr(op, "results")) {
    const Json *text = item.find("text");
    sample.results.push_back(
        {item["name"].asText(), text && !text->isNull(), readWords(text)});
  }
  program.samples.push_back(std::move(sample));
}

void readTest(const Json &op, Program &program) {
  const std::string &name = op["name"].asText();
  program.tests.push_back({name, textOr(op, "label", name.c_str()),
                           symbol(op, "entry", program.entries)});
}

} // namespace runtime
} // namespace lamina
