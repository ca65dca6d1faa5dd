// SPDX-License-Identifier: Apache-2.0
//
// Calling a built program from C.
//
// Tensors of the caller in, one call of an entry, tensors of the program out.
// This object is linked only into libraries, which define `lamina_image`.

#include "runtime/Executor/TapeEngine.h"
#include "runtime/Sample/Output.h"
#include "runtime/Sample/Parameters.h"
#include "runtime/Session/Session.h"
#include "runtime/Train/RunFolder.h"
#include "runtime/include/Lamina.h"

#include <cstring>
#include <list>

using namespace lamina::runtime;

struct LaminaProgram {
  Json tape;
  Program program;
  TapeEngine engine;
  Session session;
  std::list<OutputTensor> outputs; ///< of the last call

  LaminaProgram()
      : tape(Json::parse(lamina_image.tape, lamina_image.tape_size, "tape")),
        program(Program::read(tape)), engine(tape, program, lamina_image),
        session(program, engine) {}

  void load(const char *weights) {
    std::vector<bool> given(program.variables.size(), false);
    if (weights)
      given =
          session.variables.load(SafetensorsFile::open(weightsFile(weights)),
                                 Variables::Wanted::Weights);
    session.initialise(given);
  }

  int call(const std::string &name, const std::vector<LaminaTensor> &inputs,
           LaminaTensor *results, size_t resultCount);

private:
  /// The entry of a sample, or a function by its own name.
  const SamplePlan *sampleNamed(const std::string &name) const;
  size_t entryNamed(const std::string &name, const SamplePlan *sample) const;
  void bindInput(const Argument &argument, const LaminaTensor &tensor,
                 Bindings &bindings) const;
  void bindSizes(const SamplePlan &sample,
                 const std::vector<LaminaTensor> &inputs,
                 Bindings &bindings) const;
};

namespace {

thread_local std::string lastError;

const LaminaTensor *find(const std::vector<LaminaTensor> &tensors,
                         const std::string &name) {
  for (const LaminaTensor &tensor : tensors)
    if (tensor.name && tensor.name == name)
      return &tensor;
  return nullptr;
}

/// Runs `function`; a mistake becomes the last error and `failed`.
template <typename Result, typename Function>
Result guarded(Result failed, Function function) {
  try {
    return function();
  } catch (const Error &error) {
    lastError = error.message;
    for (const std::string &note : error.notes)
      lastError += "; " + note;
  } catch (const std::exception &error) {
    lastError = error.what();
  }
  return failed;
}

} // namespace

const SamplePlan *LaminaProgram::sampleNamed(const std::string &name) const {
  for (const SamplePlan &sample : program.samples)
    if (sample.name == name)
      return &sample;
  return nullptr;
}

size_t LaminaProgram::entryNamed(const std::string &name,
                                 const SamplePlan *sample) const {
  if (sample)
    return sample->entry;
  for (const std::string &spelling : {name, name + ".entry"})
    if (size_t index = program.entryNamed(spelling);
        index != none && program.entries[index].kind == "function")
      return index;
  throw Error(join("this program has no sample or function ", quote(name)));
}

void LaminaProgram::bindInput(const Argument &argument,
                              const LaminaTensor &tensor,
                              Bindings &bindings) const {
  if (Element(tensor.element) != argument.type.element)
    throw Error(join(quote(argument.key), " is ",
                     nameOf(Element(tensor.element)), ", but ",
                     nameOf(argument.type.element), " is taken"));
  if (tensor.rank < 0 || tensor.rank > LAMINA_MAX_RANK || !tensor.data)
    throw Error(join(quote(argument.key), " is no tensor"));
  std::vector<int64_t> shape(tensor.shape, tensor.shape + tensor.rank);
  bindShape(argument.key, argument.type, shape, program.sizes, bindings.sizes);
  bindings.values[argument.key] = tensor.data;
}

/// Parameters that are sizes: an I64 of rank 0, or their default.
void LaminaProgram::bindSizes(const SamplePlan &sample,
                              const std::vector<LaminaTensor> &inputs,
                              Bindings &bindings) const {
  for (const ParameterPlan &parameter : sample.parameters) {
    if (parameter.size == none)
      continue;
    const LaminaTensor *given = find(inputs, parameter.name);
    if (!given && parameter.fallback.isNull())
      throw Error(join(quote(parameter.name), " is not given"));
    if (given &&
        (given->element != LAMINA_I64 || given->rank != 0 || !given->data))
      throw Error(
          join(quote(parameter.name), " is a length: an I64 of rank 0"));
    int64_t value = given ? *static_cast<const int64_t *>(given->data)
                          : parameter.fallback.asInt();
    if (value < 0)
      throw Error(join(quote(parameter.name), " is ", value));
    bindings.sizes[parameter.size] = value;
  }
}

/// What a parameter is that the caller leaves out.
static InputTensor defaultOf(const SamplePlan *sample,
                             const Argument &argument) {
  const ParameterPlan *plan = nullptr;
  for (size_t i = 0; sample && i < sample->parameters.size(); ++i)
    if (sample->parameters[i].name == argument.key)
      plan = &sample->parameters[i];
  if (!plan || plan->fallback.isNull())
    throw Error(join(quote(argument.key), " is not given"));
  return parseParameter(*plan, argument.type, {plan->fallbackText()});
}

/// `output` as callers see it, which stays with the program.
static void describe(OutputTensor &output, const std::string &entry,
                     const std::string &key, LaminaTensor &result) {
  if (output.shape.size() > LAMINA_MAX_RANK)
    throw Error(join("a result of ", quote(entry), " has more than 8 axes"));
  result.name = key.c_str();
  result.element = LaminaElement(output.element);
  result.rank = int32_t(output.shape.size());
  for (size_t axis = 0; axis < output.shape.size(); ++axis)
    result.shape[axis] = output.shape[axis];
  result.data = output.bytes.data();
}

int LaminaProgram::call(const std::string &name,
                        const std::vector<LaminaTensor> &inputs,
                        LaminaTensor *results, size_t resultCount) {
  const SamplePlan *sample = sampleNamed(name);
  size_t index = entryNamed(name, sample);
  const Entry &entry = program.entries[index];
  Bindings bindings;
  bindings.sizes = program.unboundSizes();
  if (sample)
    bindSizes(*sample, inputs, bindings);
  std::list<InputTensor> defaults;
  for (const Argument &argument : entry.arguments) {
    if (argument.kind != ArgumentKind::Input)
      continue;
    if (const LaminaTensor *given = find(inputs, argument.key)) {
      bindInput(argument, *given, bindings);
      continue;
    }
    defaults.push_back(defaultOf(sample, argument));
    bindShape(argument.key, argument.type, defaults.back().shape, program.sizes,
              bindings.sizes);
    bindings.values[argument.key] = defaults.back().bytes.data();
  }
  session.checkRun(index, bindings.sizes);
  Results values;
  session.run(index, bindings, values);

  outputs.clear();
  for (size_t i = 0; i < entry.results.size(); ++i) {
    if (entry.results[i].kind != ResultKind::Output &&
        entry.results[i].kind != ResultKind::Value)
      continue;
    outputs.push_back(
        outputOf(entry, i, values, program.sizes, bindings.sizes));
    if (outputs.size() <= resultCount)
      describe(outputs.back(), name, entry.results[i].key,
               results[outputs.size() - 1]);
  }
  return int(outputs.size());
}

extern "C" {

LaminaProgram *lamina_open(const char *weights, int threads) {
  return guarded<LaminaProgram *>(nullptr, [&] {
    auto program = std::make_unique<LaminaProgram>();
    program->engine.setThreads(threads > 0 ? threads
                                           : ThreadPool::availableProcessors());
    program->load(weights);
    return program.release();
  });
}

void lamina_close(LaminaProgram *program) { delete program; }

void lamina_seed(LaminaProgram *program, int64_t seed) {
  program->session.seed = seed;
}

int lamina_call(LaminaProgram *program, const char *name,
                const LaminaTensor *inputs, size_t input_count,
                LaminaTensor *outputs, size_t output_count) {
  return guarded(-1, [&] {
    return program->call(
        name, std::vector<LaminaTensor>(inputs, inputs + input_count), outputs,
        output_count);
  });
}

const char *lamina_error(void) { return lastError.c_str(); }

} // extern "C"
