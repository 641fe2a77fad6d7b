// Streams, events and captures.
#pragma once
#include "softcuda.h"
#include <deque>
#include <memory>
#include <set>
#include <thread>
#include <vector>

// A piece of captured work, a record of an event or a wait for one, by the number of the record in its capture.
struct Node
{
    enum Kind
    {
        Work,
        Record,
        Wait
    };

    Kind kind;
    std::function<void()> work;
    size_t record;
};

// The captured work of a stream.
using Branch = std::vector<Node>;

struct Graph
{
    std::vector<Branch> branches;  // that of the stream whose capture began comes first
    size_t records = 0;
};

struct Stream;

struct Capture
{
    Graph graph;
    std::vector<Stream*> streams;  // of the branches
    std::thread::id thread;
    bool is_active = true;
    bool is_invalidated = false;  // by a call that hardware refuses in a capture, or by another thread's
};

// The number of the last record that was enqueued, and of the last that was reached. In a capture it is a node.
struct Event
{
    long recorded = 0;
    long reached = 0;
    bool is_timed = false;
    double milliseconds = 0;  // the host's clock when it was reached
    std::shared_ptr<Capture> capture = nullptr;
    size_t record = 0;
};

struct Stream
{
    Context* context;
    std::deque<std::function<bool()>> work = {};  // returns false while it must wait
    std::shared_ptr<Capture> capture = nullptr;
    size_t branch = 0;
    bool is_temporary = false;  // the branch of a launched graph, which ends with its work
};

extern std::set<Stream*> streams;

inline Stream* to_stream(void* stream) { return static_cast<Stream*>(stream); }

inline bool is_stream(void* stream) { return streams.count(to_stream(stream)) > 0; }

// Adds a node to the branch of a captured stream.
void capture_node(Stream* stream, Node node);
void capture_record(Stream* stream, Event* event);

// Makes a stream wait for an event where one of them is captured: the stream joins the event's capture.
int capture_wait(Stream* stream, Event* event);
