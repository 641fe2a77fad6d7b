// Streams, events and graphs. Work is deferred until the host waits; then streams take turns in random order, and only
// events hold them back.
#include "softcuda.h"
#include <cstdlib>
#include <deque>
#include <set>
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
    std::deque<std::function<bool()>> work;  // returns false while it must wait
    Graph* capturing = nullptr;
};

std::set<Stream*> streams;
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
        if (!stream->work.front()()) continue;
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
    next_random(2);  // so that SOFTCUDA_SEED does not replace this seed later
    random_state = 2 * seed + 1;
}

void run_all()
{
    DeviceWork work;  // opens memory once for all pending work
    while (step()) { }
}

bool is_capturing()
{
    for (Stream* stream : streams)
        if (stream->capturing) return true;
    return false;
}

void enqueue(void* stream, std::function<void()> work)
{
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
    if (int error = enter("cuStreamCreate")) return error;
    *stream = *streams.insert(new Stream).first;
    return Success;
}

EXPORT int cuStreamDestroy_v2(void* stream)
{
    run_all();
    if (!is_stream(stream)) return InvalidValue;
    streams.erase(to_stream(stream));
    delete to_stream(stream);
    return Success;
}

EXPORT int cuStreamSynchronize(void* stream)
{
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
    if (int error = enter("cuEventCreate")) return error;
    *event = new Event;
    return Success;
}

EXPORT int cuEventDestroy_v2(void* event)
{
    run_all();
    delete static_cast<Event*>(event);
    return Success;
}

EXPORT int cuEventRecord(void* handle, void* stream)
{
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
    if (int error = enter("cuEventQuery")) return error;
    Event* event = static_cast<Event*>(handle);
    return event->reached >= event->recorded ? sticky_error() : NotReady;
}

EXPORT int cuEventSynchronize(void* handle)
{
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
    if (int error = enter("cuStreamWaitEvent")) return error;
    if (!is_stream(stream)) return fail(InvalidValue, "cuStreamWaitEvent: not a stream");
    Event* event = static_cast<Event*>(handle);
    long number = event->recorded;
    to_stream(stream)->work.push_back([=] { return event->reached >= number; });
    return Success;
}

EXPORT int cuStreamBeginCapture_v2(void* stream, int)
{
    if (int error = enter("cuStreamBeginCapture_v2")) return error;
    if (!is_stream(stream) || to_stream(stream)->capturing)
        return fail(InvalidValue, "cuStreamBeginCapture: not a stream, or already captured");
    to_stream(stream)->capturing = new Graph;
    return Success;
}

EXPORT int cuStreamEndCapture(void* stream, void** graph)
{
    if (!is_stream(stream) || !to_stream(stream)->capturing)
        return fail(InvalidValue, "cuStreamEndCapture of a stream that is not captured");
    *graph = to_stream(stream)->capturing;
    to_stream(stream)->capturing = nullptr;
    return enter("cuStreamEndCapture");
}

EXPORT int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long)
{
    if (int error = enter("cuGraphInstantiateWithFlags")) return error;
    *executable = new Graph(*static_cast<Graph*>(graph));
    return Success;
}

EXPORT int cuGraphLaunch(void* executable, void* stream)
{
    if (int error = enter("cuGraphLaunch")) return error;
    if (!is_stream(stream) || is_capturing())
        return fail(InvalidValue, "cuGraphLaunch: not a stream, or a stream is captured");
    for (const auto& work : static_cast<Graph*>(executable)->work) enqueue(stream, work);
    return Success;
}

EXPORT int cuGraphDestroy(void* graph)
{
    delete static_cast<Graph*>(graph);
    return Success;
}

EXPORT int cuGraphExecDestroy(void* executable)
{
    run_all();
    delete static_cast<Graph*>(executable);
    return Success;
}
