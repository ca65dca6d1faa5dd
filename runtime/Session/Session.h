// SPDX-License-Identifier: Apache-2.0
//
// A program with its values.
//
// What training, evaluation and samples share: the variables, the numbers set
// by flags, the open data, and the call of an entry, which gathers its
// arguments from where the tape says that they come from.

#ifndef LAMINA_RUNTIME_SESSION_SESSION_H
#define LAMINA_RUNTIME_SESSION_SESSION_H

#include "runtime/ABI/Philox.h"
#include "runtime/Data/Feed.h"
#include "runtime/Profile/Profile.h"
#include "runtime/Session/DataFiles.h"
#include "runtime/Session/Variables.h"
#include "runtime/include/Engine.h"

#include <functional>
#include <map>
#include <memory>

namespace lamina {
namespace runtime {

/// What one call of an entry takes beside variables and settable numbers.
struct Bindings {
  SizeValues sizes;
  std::map<std::string, const void *>
      values;          ///< batches, lengths, inputs, accumulators
  int64_t step = 0;    ///< the scalar `step`
  int64_t keyStep = 0; ///< the number that the key is derived with
  int64_t records = 0;
  /// What to do while a device runs the entry.
  const std::function<void()> *meanwhile = nullptr;
  bool useFinal = false; ///< derived variables stand in for what they replace
  const std::vector<bool> *keep =
      nullptr; ///< variables that the call must not change
};

/// Where the lengths of a ragged column stand in `Bindings::values`.
inline std::string lengthsKey(const std::string &column) {
  return "lengths of " + column;
}

/// The results of a call that are not variables, by their order in the entry.
struct Results {
  std::vector<std::vector<char>> bytes;
  double real(const Entry &entry, size_t result) const {
    return loadReal(entry.results[result].type.element, bytes[result].data());
  }
};

class Session {
public:
  Session(const Program &program, Engine &engine);

  const Program &program;
  Engine &engine;
  Variables variables;
  std::vector<double> scalarValues; ///< in the order of the program's scalars
  int64_t seed = 0;
  Profile *profile = nullptr; ///< null if nobody can ask for one

  /// Sets a number by its name; throws with those that can be set.
  void setScalar(const std::string &name, double value);
  double scalarOf(const CountPlan &count) const;

  /// Runs an entry. `sizes` of the bindings must be bound. Throws an `Error` if
  /// a check of the program fails.
  void run(size_t entry, const Bindings &bindings, Results &results);

  /// Lets a device have a batch before the call that takes it.
  void copyAhead(const Batch &batch);

  /// Checks the sizes against their bounds and that the run fits into memory.
  void checkRun(size_t entry, const SizeValues &sizes);

  /// Gives each variable for which `given` is false its initial value, in the
  /// order of the program.
  void initialise(const std::vector<bool> &given);

  /// For each variable, the one whose value evaluation and files use.
  std::vector<size_t> finalValues() const;

  /// Reads data from another place: "FILE" for the only file, "NAME=FILE" for
  /// one of several, "FOLDER" for all of them. Throws.
  void setData(const std::string &flag);
  /// The records of a dataset; opened when first asked for.
  std::shared_ptr<Dataset> dataset(size_t index);
  /// The next batch of a feed for an entry, bound. Throws if an id that a line
  /// of the data computes is out of its range.
  void readBatch(const Feed &feed, const std::vector<int64_t> &records,
                 int64_t repeat, const Entry &entry, Batch &batch,
                 Bindings &bindings);

private:
  std::vector<void *> placesOf(const Entry &entry, const Bindings &bindings,
                               Results &results);
  const void *scalarArgument(const Argument &argument, const Bindings &bindings,
                             char *buffer) const;
  std::shared_ptr<Source> source(size_t index);
  std::shared_ptr<Dataset> kept(std::shared_ptr<Dataset> of,
                                const std::string &name,
                                const std::string &where);
  void askRecords(const std::string &entry, const Dataset &data,
                  const std::vector<int64_t> &records, Results &results);
  void checkIds(const Dataset &data, const std::vector<int64_t> &records);

  std::vector<DataFile> files;
  std::vector<std::shared_ptr<Source>> sources;
  std::vector<std::shared_ptr<Dataset>> datasets;
};

} // namespace runtime
} // namespace lamina

#endif // LAMINA_RUNTIME_SESSION_SESSION_H
