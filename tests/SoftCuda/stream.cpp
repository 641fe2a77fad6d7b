// Streams and events. Nothing runs when it is asked for: work waits until the host waits, and then streams take turns by chance, held back by events alone.
#include "softcuda.h"
#include <cstdlib>
#include <deque>
#include <set>
#include <vector>

namespace
{
struct Event { long recorded = 0, passed = 0; };
struct Graph { std::vector<std::function<void()>> work; };
struct Stream { std::deque<std::function<bool()>> work; Graph* capturing = nullptr; };  // a piece of work gives back false while it must wait
std::set<Stream*> streams;
unsigned state = 12345;

bool step()
{
    std::vector<Stream*> busy;
    for (Stream* stream : streams)
        if (!stream->work.empty()) busy.push_back(stream);
    for (size_t tried = busy.size(), start = busy.empty() ? 0 : next_random(busy.size()); tried > 0; tried--, start++)
    {
        Stream* stream = busy[start % busy.size()];
        if (!stream->work.front()()) continue;
        stream->work.pop_front();
        return true;
    }
    return false;
}
}

unsigned next_random(unsigned bound)
{
    static bool seeded = false;
    if (!seeded && getenv("SOFTCUDA_SEED")) state = 2 * strtoul(getenv("SOFTCUDA_SEED"), nullptr, 10) + 1;
    seeded = true;
    state = state * 1664525u + 1013904223u;
    return static_cast<unsigned>((static_cast<uint64_t>(state) * bound) >> 32);
}

EXPORT void softcuda_seed(unsigned seed) { next_random(2); state = 2 * seed + 1; }

void run_all()
{
    DeviceWork work;  // memory is opened once for all that waits
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
    if (Graph* graph = static_cast<Stream*>(stream)->capturing) return graph->work.push_back(std::move(work));
    static_cast<Stream*>(stream)->work.push_back([work = std::move(work)] { work(); return true; });
}

static bool known(void* stream) { return streams.count(static_cast<Stream*>(stream)) > 0; }

EXPORT int cuStreamCreate(void** stream, unsigned)
{
    if (int error = enter("cuStreamCreate")) return error;
    *stream = *streams.insert(new Stream).first;
    return Success;
}

EXPORT int cuStreamDestroy_v2(void* stream)
{
    run_all();
    if (!known(stream)) return InvalidValue;
    streams.erase(static_cast<Stream*>(stream));
    delete static_cast<Stream*>(stream);
    return Success;
}

EXPORT int cuStreamSynchronize(void* stream)
{
    if (int error = enter("cuStreamSynchronize")) return error;
    if (!known(stream)) return fail(InvalidValue, "cuStreamSynchronize of no stream");
    if (is_capturing()) return fail(CaptureUnsupported, "cuStreamSynchronize while a stream is captured");
    if (static_cast<Stream*>(stream)->work.empty()) return sticky_error();
    DeviceWork work;  // memory is opened once for all that waits
    while (!static_cast<Stream*>(stream)->work.empty())
        if (!step()) return fail(LaunchFailed, "streams wait for one another for ever");
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

EXPORT int cuEventRecord(void* event, void* stream)
{
    if (int error = enter("cuEventRecord")) return error;
    if (!known(stream)) return fail(InvalidValue, "cuEventRecord on no stream");
    if (static_cast<Stream*>(stream)->capturing) return fail(CaptureUnsupported, "cuEventRecord on a stream that is captured: what we record has no events");
    Event* recorded = static_cast<Event*>(event);
    long turn = ++recorded->recorded;
    enqueue(stream, [=] { recorded->passed = turn; });
    return Success;
}

EXPORT int cuEventQuery(void* event)
{
    if (int error = enter("cuEventQuery")) return error;
    Event* awaited = static_cast<Event*>(event);
    return awaited->passed >= awaited->recorded ? sticky_error() : NotReady;
}

EXPORT int cuEventSynchronize(void* event)
{
    if (int error = enter("cuEventSynchronize")) return error;
    Event* awaited = static_cast<Event*>(event);
    if (awaited->passed >= awaited->recorded) return sticky_error();
    DeviceWork work;
    while (awaited->passed < awaited->recorded)
        if (!step()) return fail(LaunchFailed, "an event never passes");
    return sticky_error();
}

EXPORT int cuStreamWaitEvent(void* stream, void* event, unsigned)
{
    if (int error = enter("cuStreamWaitEvent")) return error;
    if (!known(stream)) return fail(InvalidValue, "cuStreamWaitEvent on no stream");
    Event* awaited = static_cast<Event*>(event);
    long turn = awaited->recorded;
    static_cast<Stream*>(stream)->work.push_back([=] { return awaited->passed >= turn; });
    return Success;
}

EXPORT int cuStreamBeginCapture_v2(void* stream, int)
{
    if (int error = enter("cuStreamBeginCapture_v2")) return error;
    if (!known(stream) || static_cast<Stream*>(stream)->capturing) return fail(InvalidValue, "cuStreamBeginCapture of no stream, or of one that is captured");
    static_cast<Stream*>(stream)->capturing = new Graph;
    return Success;
}

EXPORT int cuStreamEndCapture(void* stream, void** graph)
{
    if (!known(stream) || !static_cast<Stream*>(stream)->capturing) return fail(InvalidValue, "cuStreamEndCapture of a stream that is not captured");
    *graph = static_cast<Stream*>(stream)->capturing;
    static_cast<Stream*>(stream)->capturing = nullptr;
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
    if (!known(stream) || is_capturing()) return fail(InvalidValue, "cuGraphLaunch on no stream, or while one is captured");
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
