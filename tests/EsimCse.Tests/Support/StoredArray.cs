using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EsimCse.Tests.Support;

/// <summary>An array in a .npy or .safetensors file, read by the plainest code.</summary>
/// <param name="Type">The type of an element as the format spells it.</param>
/// <param name="Shape">The dimensions.</param>
/// <param name="Data">The bytes of the elements.</param>
sealed partial record StoredArray(string Type, int[] Shape, byte[] Data)
{
    /// <summary>Reads a .npy file of version 1.0 in C order.</summary>
    public static StoredArray ReadNpy(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        byte[] start = [0x93, .. "NUMPY"u8, 1, 0];
        Assert.Equal(start, bytes[..8]);
        int dataStart = 10 + bytes[8] + 256 * bytes[9];
        string header = Encoding.ASCII.GetString(bytes[10..dataStart]);
        Assert.Equal(0, dataStart % 64);
        Assert.EndsWith("\n", header, StringComparison.Ordinal);
        Match match = NpyHeader().Match(header);
        Assert.True(match.Success, header);
        string[] sizes = match.Groups["shape"].Value.Split(',', StringSplitOptions.RemoveEmptyEntries);
        return new(match.Groups["type"].Value, [.. sizes.Select(int.Parse)], bytes[dataStart..]);
    }

    /// <summary>Reads the only tensor of a .safetensors file.</summary>
    public static StoredArray ReadSafetensors(string path, string name)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int dataStart = 8 + (int)BitConverter.ToInt64(bytes, 0);
        using JsonDocument header = JsonDocument.Parse(bytes.AsMemory()[8..dataStart]);
        JsonProperty property = Assert.Single(header.RootElement.EnumerateObject());
        Assert.Equal(name, property.Name);
        JsonElement tensor = property.Value;
        int[] offsets = [.. tensor.GetProperty("data_offsets").EnumerateArray().Select(offset => offset.GetInt32())];
        Assert.Equal([0, bytes.Length - dataStart], offsets);
        int[] shape = [.. tensor.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        return new(tensor.GetProperty("dtype").GetString()!, shape, bytes[dataStart..]);
    }

    /// <summary>Returns the rows of an array of fp32.</summary>
    public float[][] Floats()
    {
        Assert.Contains(Type, new[] { "<f4", "F32" });
        return Rows(4, BitConverter.ToSingle);
    }

    /// <summary>Returns the rows of a matrix.</summary>
    /// <param name="size">Bytes of an element.</param>
    /// <param name="convert">Returns the element at an offset of the bytes.</param>
    public T[][] Rows<T>(int size, Func<byte[], int, T> convert)
    {
        Assert.Equal(2, Shape.Length);
        Assert.Equal(Shape[0] * Shape[1] * size, Data.Length);
        T[][] rows = new T[Shape[0]][];
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row] = new T[Shape[1]];
            for (int i = 0; i < Shape[1]; i++) rows[row][i] = convert(Data, (row * Shape[1] + i) * size);
        }
        return rows;
    }

    [GeneratedRegex(@"^\{'descr': '(?<type>[<|]\w+)', 'fortran_order': False, 'shape': \((?<shape>[\d, ]+)\), \} *\n$")]
    private static partial Regex NpyHeader();
}
