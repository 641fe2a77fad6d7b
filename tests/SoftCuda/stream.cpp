// Streams, events and graphs. Work is deferred until the host waits; then streams take turns in random order, and only
// events hold them back.
#include "softcuda.h"
#include <cstdlib>
#include <deque>
#include <set>
#include <thread>
#include <vector>

namespace
{
// The number of the last record that was enqueued, and of the last that was reached.
struct Event
{
    long recorded = 0;
    long reached = 0;
};

struct Graph
{
    std::vector<std::function<void()>> work;
};

struct Stream
{
    Context* context;
    std::deque<std::function<bool()>> work = {};  // returns false while it must wait
    Graph* capturing = nullptr;
    std::thread::id capturer = {};
    bool is_invalidated = false;  // another thread synchronised the context during the capture
};

std::set<Stream*> streams;
int ended_captures;
long launches;
Context* running;
unsigned random_state = 12345;

// Runs one piece of work of a random stream; returns false if no stream can go on.
bool step()
{
    std::vector<Stream*> busy;
    for (Stream* stream : streams)
        if (!stream->work.empty()) busy.push_back(stream);
    if (busy.empty()) return false;
    size_t start = next_random(busy.size());
    for (size_t i = 0; i < busy.size(); i++)
    {
        Stream* stream = busy[(start + i) % busy.size()];
        running = stream->context;
        bool done = stream->work.front()();
        running = nullptr;
        if (!done) continue;
        stream->work.pop_front();
        return true;
    }
    return false;
}

Stream* to_stream(void* stream) { return static_cast<Stream*>(stream); }

bool is_stream(void* stream) { return streams.count(to_stream(stream)) > 0; }
}

unsigned next_random(unsigned bound)
{
    static bool seeded = false;
    if (!seeded)
        if (const char* seed = getenv("SOFTCUDA_SEED")) random_state = 2 * strtoul(seed, nullptr, 10) + 1;
    seeded = true;
    random_state = random_state * 1664525u + 1013904223u;
    return static_cast<unsigned>((static_cast<uint64_t>(random_state) * bound) >> 32);
}

EXPORT void softcuda_seed(unsigned seed)
{
    Locked locked;
    next_random(2);  // so that SOFTCUDA_SEED does not replace this seed later
    random_state = 2 * seed + 1;
}

Context* active_context() { return running ? running : thread_context(); }

Context* context_of(void* stream) { return is_stream(stream) ? to_stream(stream)->context : nullptr; }

void run_all()
{
    Locked locked;
    DeviceWork work;  // opens memory once for all pending work
    while (step()) { }
}

// A capture forbids calls of its own thread alone.
bool is_capturing()
{
    for (Stream* stream : streams)
        if (stream->capturing && stream->capturer == std::this_thread::get_id()) return true;
    return false;
}

int end_captures(const char* call)
{
    if (is_capturing()) return fail(CaptureUnsupported, std::string(call) + " while a stream is captured");
    for (Stream* stream : streams)
        if (stream->capturing && stream->context == thread_context() && !stream->is_invalidated)
        {
            stream->is_invalidated = true;
            ended_captures++;
        }
    return Success;
}

void count_launch() { launches++; }

// Returns the kernels and products that ran so far, those of graphs included.
EXPORT long softcuda_launches()
{
    Locked locked;
    return launches;
}

EXPORT int softcuda_ended_captures()
{
    Locked locked;
    return ended_captures;
}

void enqueue(void* stream, std::function<void()> work)
{
    Locked locked;
    if (Graph* graph = to_stream(stream)->capturing)
    {
        graph->work.push_back(std::move(work));
        return;
    }
    to_stream(stream)->work.push_back([work = std::move(work)] {
        work();
        return true;
    });
}

EXPORT int cuStreamCreate(void** stream, unsigned)
{
    Locked locked;
    if (int error = enter("cuStreamCreate")) return error;
    *stream = *streams.insert(new Stream{thread_context()}).first;
    return Success;
}

EXPORT int cuStreamDestroy_v2(void* stream)
{
    Locked locked;
    run_all();
    if (!is_stream(stream)) return InvalidValue;
    streams.erase(to_stream(stream));
    delete to_stream(stream);
    return Success;
}

EXPORT int cuStreamSynchronize(void* stream)
{
    Locked locked;
    if (int error = enter("cuStreamSynchronize")) return error;
    if (!is_stream(stream)) return fail(InvalidValue, "cuStreamSynchronize: not a stream");
    if (is_capturing()) return fail(CaptureUnsupported, "cuStreamSynchronize while a stream is captured");
    if (to_stream(stream)->work.empty()) return sticky_error();
    DeviceWork work;  // opens memory once for all pending work
    while (!to_stream(stream)->work.empty())
        if (!step()) return fail(LaunchFailed, "streams wait for each other forever");
    return sticky_error();
}

EXPORT int cuEventCreate(void** event, unsigned)
{
    Locked locked;
    if (int error = enter("cuEventCreate")) return error;
    *event = new Event;
    return Success;
}

EXPORT int cuEventDestroy_v2(void* event)
{
    Locked locked;
    run_all();
    delete static_cast<Event*>(event);
    return Success;
}

EXPORT int cuEventRecord(void* handle, void* stream)
{
    Locked locked;
    if (int error = enter("cuEventRecord")) return error;
    if (!is_stream(stream)) return fail(InvalidValue, "cuEventRecord: not a stream");
    if (to_stream(stream)->capturing)
        return fail(CaptureUnsupported, "cuEventRecord on a captured stream: SoftCuda's graphs have no events");
    Event* event = static_cast<Event*>(handle);
    long number = ++event->recorded;
    enqueue(stream, [=] { event->reached = number; });
    return Success;
}

EXPORT int cuEventQuery(void* handle)
{
    Locked locked;
    if (int error = enter("cuEventQuery")) return error;
    Event* event = static_cast<Event*>(handle);
    return event->reached >= event->recorded ? sticky_error() : NotReady;
}

EXPORT int cuEventSynchronize(void* handle)
{
    Locked locked;
    if (int error = enter("cuEventSynchronize")) return error;
    Event* event = static_cast<Event*>(handle);
    if (event->reached >= event->recorded) return sticky_error();
    DeviceWork work;
    while (event->reached < event->recorded)
        if (!step()) return fail(LaunchFailed, "an event is never reached");
    return sticky_error();
}

EXPORT int cuStreamWaitEvent(void* stream, void* handle, unsigned)
{
    Locked locked;
    if (int error = enter("cuStreamWaitEvent")) return error;
    if (!is_stream(stream)) return fail(InvalidValue, "cuStreamWaitEvent: not a stream");
    Event* event = static_cast<Event*>(handle);
    long number = event->recorded;
    to_stream(stream)->work.push_back([=] { return event->reached >= number; });
    return Success;
}

EXPORT int cuStreamBeginCapture_v2(void* stream, int)
{
    Locked locked;
    if (int error = enter("cuStreamBeginCapture_v2")) return error;
    if (!is_stream(stream) || to_stream(stream)->capturing)
        return fail(InvalidValue, "cuStreamBeginCapture: not a stream, or already captured");
    to_stream(stream)->capturing = new Graph;
    to_stream(stream)->capturer = std::this_thread::get_id();
    to_stream(stream)->is_invalidated = false;
    return Success;
}

EXPORT int cuStreamEndCapture(void* stream, void** graph)
{
    Locked locked;
    if (!is_stream(stream) || !to_stream(stream)->capturing)
        return fail(InvalidValue, "cuStreamEndCapture of a stream that is not captured");
    Stream* captured = to_stream(stream);
    *graph = captured->is_invalidated ? nullptr : captured->capturing;
    captured->capturing = nullptr;
    return captured->is_invalidated ? CaptureInvalidated : enter("cuStreamEndCapture");
}

EXPORT int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long)
{
    Locked locked;
    if (int error = enter("cuGraphInstantiateWithFlags")) return error;
    *executable = new Graph(*static_cast<Graph*>(graph));
    return Success;
}

EXPORT int cuGraphLaunch(void* executable, void* stream)
{
    Locked locked;
    if (int error = enter("cuGraphLaunch")) return error;
    if (!is_stream(stream) || is_capturing())
        return fail(InvalidValue, "cuGraphLaunch: not a stream, or a stream is captured");
    for (const auto& work : static_cast<Graph*>(executable)->work) enqueue(stream, work);
    return Success;
}

EXPORT int cuGraphDestroy(void* graph)
{
    Locked locked;
    delete static_cast<Graph*>(graph);
    return Success;
}

EXPORT int cuGraphExecDestroy(void* executable)
{
    Locked locked;
    run_all();
    delete static_cast<Graph*>(executable);
    return Success;
}
