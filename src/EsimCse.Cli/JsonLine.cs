using System.Text.Json;

namespace EsimCse.Cli;

/// <summary>A JSON value for a program to read, on a line of its own.</summary>
static class JsonLine
{
    /// <summary>Writes the value and the end of the line, and closes the stream.</summary>
    public static void Write(Stream output, Action<Utf8JsonWriter> write)
    {
        using (output)
        {
            using (Utf8JsonWriter json = new(output)) write(json);
            output.WriteByte((byte)'\n');
        }
    }
}
