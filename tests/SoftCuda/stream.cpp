// Streams and events. Work is deferred until the host waits; then streams take turns in random order, and only events
// hold them back.
#include "stream.h"
#include <chrono>
#include <cstdlib>

std::set<Stream*> streams;

namespace
{
long launches;
Context* running;
unsigned random_state = 12345;

double now()
{
    using Milliseconds = std::chrono::duration<double, std::milli>;
    return Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

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
        if (stream->is_temporary && stream->work.empty())
        {
            streams.erase(stream);
            delete stream;
        }
        return true;
    }
    return false;
}
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

void count_launch() { launches++; }

// Returns the kernels and products that ran so far, those of graphs included.
EXPORT long softcuda_launches()
{
    Locked locked;
    return launches;
}

void enqueue(void* stream, std::function<void()> work)
{
    Locked locked;
    if (to_stream(stream)->capture)
    {
        capture_node(to_stream(stream), {Node::Work, std::move(work), 0});
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
    if (to_stream(stream)->capture) return fail(CaptureUnsupported, "cuStreamDestroy of a captured stream");
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

EXPORT int cuEventCreate(void** event, unsigned flags)
{
    constexpr unsigned DisableTiming = 2;
    Locked locked;
    if (int error = enter("cuEventCreate")) return error;
    *event = new Event;
    static_cast<Event*>(*event)->is_timed = !(flags & DisableTiming);
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
    Event* event = static_cast<Event*>(handle);
    if (to_stream(stream)->capture)
    {
        capture_record(to_stream(stream), event);
        return Success;
    }
    event->capture = nullptr;
    long number = ++event->recorded;
    enqueue(stream, [=] {
        event->reached = number;
        event->milliseconds = now();
    });
    return Success;
}

EXPORT int cuEventQuery(void* handle)
{
    Locked locked;
    if (int error = enter("cuEventQuery")) return error;
    Event* event = static_cast<Event*>(handle);
    if (event->capture) return CapturedEvent;
    return event->reached >= event->recorded ? sticky_error() : NotReady;
}

EXPORT int cuEventSynchronize(void* handle)
{
    Locked locked;
    if (int error = enter("cuEventSynchronize")) return error;
    Event* event = static_cast<Event*>(handle);
    if (event->capture) return CapturedEvent;
    if (event->reached >= event->recorded) return sticky_error();
    DeviceWork work;
    while (event->reached < event->recorded)
        if (!step()) return fail(LaunchFailed, "an event is never reached");
    return sticky_error();
}

EXPORT int cuEventElapsedTime(float* milliseconds, void* start, void* end)
{
    Locked locked;
    if (int error = enter("cuEventElapsedTime")) return error;
    const Event* events[] = {static_cast<Event*>(start), static_cast<Event*>(end)};
    for (const Event* event : events)
        if (!event->is_timed || !event->recorded)
            return fail(InvalidHandle, "cuEventElapsedTime of an event without a time");
    for (const Event* event : events)
        if (event->reached < event->recorded) return NotReady;
    *milliseconds = static_cast<float>(events[1]->milliseconds - events[0]->milliseconds);
    return sticky_error();
}

EXPORT int cuStreamWaitEvent(void* stream, void* handle, unsigned)
{
    Locked locked;
    if (int error = enter("cuStreamWaitEvent")) return error;
    if (!is_stream(stream)) return fail(InvalidValue, "cuStreamWaitEvent: not a stream");
    Event* event = static_cast<Event*>(handle);
    if (event->capture || to_stream(stream)->capture) return capture_wait(to_stream(stream), event);
    long number = event->recorded;
    to_stream(stream)->work.push_back([=] { return event->reached >= number; });
    return Success;
}
