// SPDX-License-Identifier: Apache-2.0
//
// Streams, events and graphs of the fake driver.
//
// A stream is a list of work that nobody has done yet; waiting for it, or for
// an event in it, does it.

#include <chrono>
#include <deque>
#include <memory>
#include <set>

#include "FakeCuda.h"

namespace fakecuda {

struct Graph {
  std::vector<Work> steps;
};

struct Event {
  Stream *stream = nullptr;
  int64_t position = 0; ///< steps of the stream before it
  std::chrono::steady_clock::time_point time;
};

struct Stream {
  std::deque<Work> steps;
  int64_t done = 0;
  std::unique_ptr<Graph> recording;

  int64_t end() const { return done + int64_t(steps.size()); }
};

static std::set<Stream *> &streams() {
  static std::set<Stream *> all;
  return all;
}

/// Does the work of `stream` up to `position`.
static Result finish(Stream *stream, int64_t position) {
  while (stream->done < position && !stream->steps.empty()) {
    Work work = std::move(stream->steps.front());
    stream->steps.pop_front();
    ++stream->done;
    if (!broken)
      broken = work();
  }
  return broken;
}

Result finishAll() {
  for (Stream *stream : streams())
    finish(stream, stream->end());
  return broken;
}

Result enqueue(Stream *stream, Work work) {
  if (broken)
    return broken;
  if (stream->recording)
    stream->recording->steps.push_back(std::move(work));
  else
    stream->steps.push_back(std::move(work));
  return Success;
}

} // namespace fakecuda

using namespace fakecuda;

extern "C" {

Result cuStreamCreate(Stream **stream, unsigned) {
  *stream = new Stream;
  streams().insert(*stream);
  return Success;
}

Result cuStreamDestroy_v2(Stream *stream) {
  finish(stream, stream->end());
  streams().erase(stream);
  delete stream;
  return Success;
}

Result cuStreamSynchronize(Stream *stream) {
  if (stream->recording)
    return CaptureUnsupported;
  return finish(stream, stream->end());
}

Result cuStreamWaitEvent(Stream *stream, Event *event, unsigned) {
  Event seen = *event;
  count("waits between streams");
  return enqueue(stream, [=] {
    return seen.stream ? finish(seen.stream, seen.position) : Success;
  });
}

Result cuStreamBeginCapture_v2(Stream *stream, int) {
  if (broken)
    return broken;
  stream->recording = std::make_unique<Graph>();
  return Success;
}

Result cuStreamEndCapture(Stream *stream, Graph **graph) {
  *graph = stream->recording.release();
  return *graph ? Success : InvalidValue;
}

Result cuGraphInstantiateWithFlags(Graph **exec, Graph *graph,
                                   unsigned long long) {
  count("graphs made");
  *exec = new Graph(*graph);
  return Success;
}

Result cuGraphLaunch(Graph *exec, Stream *stream) {
  count("graphs launched");
  for (const Work &step : exec->steps)
    if (Result result = enqueue(stream, step))
      return result;
  return Success;
}

Result cuGraphDestroy(Graph *graph) {
  delete graph;
  return Success;
}

Result cuGraphExecDestroy(Graph *exec) {
  delete exec;
  return Success;
}

Result cuEventCreate(Event **event, unsigned) {
  *event = new Event;
  return Success;
}

Result cuEventDestroy_v2(Event *event) {
  delete event;
  return Success;
}

Result cuEventRecord(Event *event, Stream *stream) {
  if (Result result = enqueue(stream, [=] {
        event->time = std::chrono::steady_clock::now();
        return Success;
      }))
    return result;
  event->stream = stream;
  event->position = stream->end();
  return Success;
}

Result cuEventSynchronize(Event *event) {
  return event->stream ? finish(event->stream, event->position) : Success;
}

Result cuEventElapsedTime(float *milliseconds, Event *first, Event *last) {
  *milliseconds =
      std::chrono::duration<float, std::milli>(last->time - first->time)
          .count();
  return Success;
}

} // extern "C"
