// SPDX-License-Identifier: Apache-2.0
//
// A tape read for people.

#include "tools/Driver/TapeView.h"

#include "runtime/ABI/Plan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <map>

using namespace llvm;

namespace lamina::driver {

static int64_t bytesOf(StringRef element) {
  return StringSwitch<int64_t>(element)
      .Cases({"i1", "i8"}, 1)
      .Case("bf16", 2)
      .Cases({"f64", "i64"}, 8)
      .Default(4);
}

int64_t TapeVariable::elements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

int64_t TapeVariable::bytes() const { return elements() * bytesOf(element); }

TapeView::TapeView(StringRef text) : tape(cantFail(json::parse(text))) {
  for (const json::Value &it : *tape.getAsObject()->getArray("sizes")) {
    const json::Object &size = *it.getAsObject();
    sizes[*size.getString("name")] = size.getInteger("usual").value_or(1);
  }
  for (const json::Value &it : *tape.getAsObject()->getArray("entries")) {
    const json::Object &entry = *it.getAsObject();
    std::string name = entry.getString("name")->str();
    forms.push_back({name, &entry});
    std::map<StringRef, const json::Object *> others; // in order
    if (const json::Object *found = entry.getObject("forms"))
      for (const auto &[device, form] : *found)
        others[device] = form.getAsObject();
    for (auto [device, form] : others)
      forms.push_back({name + " on " + device.str(), form});
  }
}

int64_t TapeView::evaluate(const json::Value &expression) const {
  if (auto number = expression.getAsInteger())
    return *number;
  if (auto name = expression.getAsString())
    return sizes.lookup(*name);
  const json::Array *parts = expression.getAsArray();
  if (!parts || parts->size() < 2)
    return 0;
  StringRef op = *(*parts)[0].getAsString();
  int64_t value = evaluate((*parts)[1]);
  for (const json::Value &it : llvm::drop_begin(*parts, 2)) {
    int64_t next = evaluate(it);
    value = op == "+"   ? value + next
            : op == "*" ? value * next
            : next      ? divideFloorSigned(value, next)
                        : 0;
  }
  return value;
}

std::string TapeView::usualSizes() const {
  std::string text;
  for (const json::Value &it : *tape.getAsObject()->getArray("sizes")) {
    StringRef name = *it.getAsObject()->getString("name");
    text += (text.empty() ? "" : ", ") + name.str() + " = " +
            std::to_string(sizes.lookup(name));
  }
  return text;
}

std::vector<TapeVariable> TapeView::variables() const {
  std::vector<TapeVariable> found;
  for (const json::Value &it : *tape.getAsObject()->getArray("program")) {
    const json::Object &op = *it.getAsObject();
    if (op.getString("op") != "variable")
      continue;
    const json::Object &type = *op.getObject("type");
    TapeVariable variable{
        op.getString("stack").value_or(*op.getString("name")).str(),
        op.getString("role").value_or("param").str(),
        type.getString("element")->str(),
        {}};
    for (const json::Value &size : *type.getArray("shape"))
      variable.shape.push_back(evaluate(size));
    found.push_back(std::move(variable));
  }
  return found;
}

std::vector<std::string> TapeView::entries() const {
  std::vector<std::string> titles;
  for (const Entry &it : forms)
    titles.push_back(it.title);
  return titles;
}

std::vector<std::string> TapeView::sizeNames() const {
  std::vector<std::string> names;
  for (const json::Value &it : *tape.getAsObject()->getArray("sizes"))
    names.push_back(it.getAsObject()->getString("name")->str());
  return names;
}

void TapeView::visitLaunches(
    const json::Array &body, int64_t times,
    const std::function<void(const json::Object &, int64_t)> &visit) const {
  for (const json::Value &it : body) {
    const json::Object &record = *it.getAsObject();
    if (record.get("launch"))
      visit(record, times);
    if (const json::Array *rounds = record.getArray("body"))
      visitLaunches(
          *rounds,
          times * (record.get("trip") ? evaluate(*record.get("trip")) : 1),
          visit);
    for (StringRef branch : {"then", "else"})
      if (const json::Array *records = record.getArray(branch))
        visitLaunches(*records, times, visit);
  }
}

std::vector<KernelUse> TapeView::kernelsOf(size_t index) const {
  const json::Object &root = *tape.getAsObject();
  const json::Array &kernels = *root.getArray("kernels");
  std::vector<KernelUse> uses(kernels.size());
  for (auto [use, it] : llvm::zip(uses, kernels)) {
    const json::Object &kernel = *it.getAsObject();
    use.name = kernel.getString("name")->str();
    use.kind = kernel.getString("kind").value_or("").str();
    if (const json::Array *lines = kernel.getArray("lines"))
      for (const json::Value &line : *lines)
        use.lines.push_back(line.getAsString().value_or("").str());
  }
  visitLaunches(*forms[index].json->getArray("body"), 1,
                [&](const json::Object &launch, int64_t times) {
                  size_t number = *launch.getInteger("launch");
                  const json::Object &kernel = *kernels[number].getAsObject();
                  uses[number].launches += times;
                  for (auto [key, total] :
                       {std::pair("flops", &uses[number].flops),
                        {"bytes", &uses[number].bytes}})
                    if (const json::Value *cost =
                            launch.get(key) ? launch.get(key) : kernel.get(key))
                      *total += double(times) * evaluate(*cost);
                });
  llvm::erase_if(uses, [](const KernelUse &use) { return use.launches == 0; });
  llvm::sort(uses, [](const KernelUse &a, const KernelUse &b) {
    return std::tie(b.flops, b.bytes, b.name) <
           std::tie(a.flops, a.bytes, a.name);
  });
  return uses;
}

// What only a run knows counts as one.
std::vector<int64_t> TapeView::usualDims(StringRef name) const {
  const json::Object &root = *tape.getAsObject();
  const json::Array &kernels = *root.getArray("kernels");
  std::vector<int64_t> largest;
  double most = 0;
  auto visit = [&](const json::Object &launch, int64_t) {
    const json::Object &kernel =
        *kernels[size_t(*launch.getInteger("launch"))].getAsObject();
    const json::Array *given = launch.getArray("dims");
    if (kernel.getString("name") != name || !given)
      return;
    std::vector<int64_t> dims;
    double product = 1;
    for (const json::Value &it : *given) {
      dims.push_back(std::max<int64_t>(1, it.getAsObject() ? 1 : evaluate(it)));
      product *= double(dims.back());
    }
    if (product > most) {
      most = product;
      largest = std::move(dims);
    }
  };
  for (const json::Value &entry : *root.getArray("entries"))
    visitLaunches(*entry.getAsObject()->getArray("body"), 1, visit);
  return largest;
}

int64_t TapeView::arenaOf(size_t index) const {
  std::vector<PlanInterval> intervals;
  if (const json::Array *slots = forms[index].json->getArray("slots"))
    for (const json::Value &it : *slots) {
      const json::Object &slot = *it.getAsObject();
      intervals.push_back({evaluate(*slot.get("bytes")),
                           *slot.getInteger("first"),
                           *slot.getInteger("last")});
    }
  return planArena(intervals).peak;
}

} // namespace lamina::driver
