// Graphs. A capture begins with one stream; others join it when they wait for an event that was recorded in it, and
// must be waited for before it ends. The branches of a launched graph take turns in random order, as streams do.
#include "stream.h"

namespace
{
int ended_captures;

int invalidate(Capture& capture, int code, const char* problem)
{
    fprintf(stderr, "softcuda: %s\n", problem);
    capture.is_invalidated = true;
    return code;
}

// Whether the end of the first branch comes after all work of the others.
bool is_joined(const Graph& graph)
{
    // Nodes of each branch that are known to come before the end, and the place of each record.
    std::vector<size_t> before(graph.branches.size());
    std::vector<std::pair<size_t, size_t>> records(graph.records);
    for (size_t branch = 0; branch < graph.branches.size(); branch++)
        for (size_t i = 0; i < graph.branches[branch].size(); i++)
            if (graph.branches[branch][i].kind == Node::Record)
                records[graph.branches[branch][i].record] = {branch, i};
    before[0] = graph.branches[0].size();
    for (bool changed = true; changed;)
    {
        changed = false;
        for (size_t branch = 0; branch < before.size(); branch++)
            for (size_t i = 0; i < before[branch]; i++)
            {
                const Node& node = graph.branches[branch][i];
                if (node.kind != Node::Wait) continue;
                auto [other, place] = records[node.record];
                if (before[other] > place) continue;
                before[other] = place + 1;
                changed = true;
            }
    }
    for (size_t branch = 1; branch < before.size(); branch++)
        for (size_t i = before[branch]; i < graph.branches[branch].size(); i++)
            if (graph.branches[branch][i].kind != Node::Record) return false;
    return true;
}

void end(Capture& capture)
{
    for (Stream* stream : capture.streams) stream->capture = nullptr;
    capture.is_active = false;
}

// Enqueues a branch; `reached` are the records of this launch.
void enqueue_branch(Stream* stream, const Branch& branch, std::shared_ptr<std::vector<bool>> reached)
{
    for (const Node& node : branch)
        stream->work.push_back([kind = node.kind, work = node.work, record = node.record, reached] {
            if (kind == Node::Wait) return static_cast<bool>((*reached)[record]);
            if (kind == Node::Record) (*reached)[record] = true;
            else work();
            return true;
        });
}
}

void capture_node(Stream* stream, Node node)
{
    stream->capture->graph.branches[stream->branch].push_back(std::move(node));
}

void capture_record(Stream* stream, Event* event)
{
    event->capture = stream->capture;
    event->record = stream->capture->graph.records++;
    capture_node(stream, {Node::Record, {}, event->record});
}

int capture_wait(Stream* stream, Event* event)
{
    if (!event->capture)
        return invalidate(*stream->capture, CaptureIsolation, "a captured stream waits for an event outside");
    if (!event->capture->is_active) return CapturedEvent;
    if (stream->capture && stream->capture != event->capture)
        return invalidate(*stream->capture, CaptureMerge, "an event would join two captures");
    if (!stream->capture)
    {
        stream->capture = event->capture;
        stream->branch = stream->capture->streams.size();
        stream->capture->streams.push_back(stream);
        stream->capture->graph.branches.emplace_back();
    }
    capture_node(stream, {Node::Wait, {}, event->record});
    return Success;
}

// A capture forbids calls of its own thread alone.
bool is_capturing()
{
    for (Stream* stream : streams)
        if (stream->capture && stream->capture->thread == std::this_thread::get_id()) return true;
    return false;
}

int end_captures(const char* call)
{
    if (is_capturing()) return fail(CaptureUnsupported, std::string(call) + " while a stream is captured");
    for (Stream* stream : streams)
        if (stream->capture && stream->context == thread_context() && !stream->capture->is_invalidated)
        {
            stream->capture->is_invalidated = true;
            ended_captures++;
        }
    return Success;
}

EXPORT int softcuda_ended_captures()
{
    Locked locked;
    return ended_captures;
}

EXPORT int cuStreamBeginCapture_v2(void* handle, int)
{
    Locked locked;
    if (int error = enter("cuStreamBeginCapture_v2")) return error;
    if (!is_stream(handle) || to_stream(handle)->capture)
        return fail(InvalidValue, "cuStreamBeginCapture: not a stream, or already captured");
    Stream* stream = to_stream(handle);
    stream->capture = std::make_shared<Capture>();
    stream->capture->thread = std::this_thread::get_id();
    stream->capture->streams = {stream};
    stream->capture->graph.branches.resize(1);
    stream->branch = 0;
    return Success;
}

EXPORT int cuStreamEndCapture(void* handle, void** graph)
{
    Locked locked;
    if (!is_stream(handle) || !to_stream(handle)->capture)
        return fail(InvalidValue, "cuStreamEndCapture of a stream that is not captured");
    Stream* stream = to_stream(handle);
    std::shared_ptr<Capture> capture = stream->capture;
    *graph = nullptr;
    if (stream->branch != 0) return invalidate(*capture, CaptureUnmatched, "a capture ends on a stream that joined it");
    end(*capture);
    if (capture->is_invalidated) return CaptureInvalidated;
    if (!is_joined(capture->graph))
        return invalidate(*capture, CaptureUnjoined, "a capture ends before a stream that joined it was waited for");
    *graph = new Graph(capture->graph);
    return enter("cuStreamEndCapture");
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
    const Graph& graph = *static_cast<Graph*>(executable);
    auto reached = std::make_shared<std::vector<bool>>(graph.records);
    enqueue_branch(to_stream(stream), graph.branches[0], reached);
    for (size_t i = 1; i < graph.branches.size(); i++)
    {
        Stream* branch = new Stream{context_of(stream)};
        branch->is_temporary = true;
        streams.insert(branch);
        enqueue_branch(branch, graph.branches[i], reached);
    }
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
