using System.Buffers.Binary;
using System.Text;

namespace EsimCse.Reports.Events;

/// <summary>
/// TensorFlow's protobuf message Event, of which few fields are written: event.proto and summary.proto of TensorFlow.
/// </summary>
static class EventMessage
{
    // Event: wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7.
    // Summary: value = 1. Summary.Value: tag = 1, simple_value = 2. SessionLog: status = 1, START = 1.
    const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    const int Value = 1, Tag = 1, SimpleValue = 2, Status = 1, Start = 1;

    enum Wire
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    /// <summary>Returns the first event of a file.</summary>
    public static byte[] Version(double time)
    {
        List<byte> message = Begin(time, step: 0);
        AddBytes(message, FileVersion, Encoding.UTF8.GetBytes("brain.Event:2"));
        return [.. message];
    }

    /// <summary>Returns the event by which TensorBoard drops what it has read of a step and those after it.</summary>
    public static byte[] SessionStart(double time, int step)
    {
        List<byte> message = Begin(time, step);
        List<byte> log = [];
        AddKey(log, Status, Wire.Varint);
        AddVarint(log, Start);
        AddBytes(message, SessionLog, [.. log]);
        return [.. message];
    }

    /// <summary>Returns the event of a step's numbers.</summary>
    public static byte[] Scalars(double time, int step, IEnumerable<KeyValuePair<string, double>> values)
    {
        List<byte> summary = [];
        foreach ((string tag, double number) in values)
        {
            List<byte> value = [];
            AddBytes(value, Tag, Encoding.UTF8.GetBytes(tag));
            AddKey(value, SimpleValue, Wire.Fixed32);
            byte[] bits = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bits, (float)number);
            value.AddRange(bits);
            AddBytes(summary, Value, [.. value]);
        }
        List<byte> message = Begin(time, step);
        AddBytes(message, Summary, [.. summary]);
        return [.. message];
    }

    /// <summary>Returns the step of an event that this class made.</summary>
    public static long StepOf(ReadOnlySpan<byte> message)
    {
        // The step stands after the time: a key of one byte and eight bytes.
        const int timeBytes = 9;
        if (message.Length <= timeBytes || message[timeBytes] != Key(Step, Wire.Varint)) return 0;
        long step = 0;
        int shift = 0;
        foreach (byte part in message[(timeBytes + 1)..])
        {
            step |= (long)(part & 0x7F) << shift;
            shift += 7;
            if (part < 0x80) break;
        }
        return step;
    }

    static List<byte> Begin(double time, int step)
    {
        List<byte> message = [];
        AddKey(message, WallTime, Wire.Fixed64);
        byte[] bits = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bits, time);
        message.AddRange(bits);
        AddKey(message, Step, Wire.Varint);
        AddVarint(message, (ulong)step);
        return message;
    }

    static void AddBytes(List<byte> message, int field, byte[] bytes)
    {
        AddKey(message, field, Wire.Bytes);
        AddVarint(message, (ulong)bytes.Length);
        message.AddRange(bytes);
    }

    static void AddKey(List<byte> message, int field, Wire wire) => message.Add(Key(field, wire));

    static byte Key(int field, Wire wire) => (byte)(field << 3 | (int)wire);

    static void AddVarint(List<byte> message, ulong number)
    {
        for (; number >= 0x80; number >>= 7) message.Add((byte)(number | 0x80));
        message.Add((byte)number);
    }
}
