using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using EsimCse.Core;
using EsimCse.Core.Text;
using EsimCse.Formats;
using EsimCse.Tests.Support;

namespace EsimCse.Tests.Formats;

public sealed class TableFormatsTests : IDisposable
{
    const int Rows = 250;

    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-tables-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string In(string name) => Path.Combine(_folder, name);

    string Write(string name)
    {
        TableSamples.Write(In(name), Rows);
        return In(name);
    }

    static SentenceRow[] Read(string path, string? column = null, params string[] keep) =>
        [.. TableFormats.Reader.Read(path, column, Assert.Fail, keep.Length == 0 ? null : keep)];

    static void AssertTexts(string path) =>
        Assert.Equal(Enumerable.Range(0, Rows).Select(TableSamples.Text), Read(path, "text").Select(row => row.Text));

    static string ReadError(string path, string? column = null, params string[] keep) =>
        Assert.Throws<InvalidInputException>(() => Read(path, column, keep)).Message;

    [Theory]
    [InlineData(".parquet")]
    [InlineData(".arrow")]
    public void Batches_of_strings_come_in_order_and_rows_are_counted_from_1(string extension)
    {
        string path = Write("a" + extension), upper = In("A" + extension.ToUpperInvariant());
        AssertTexts(path);
        File.Move(path, upper);
        AssertTexts(upper);
        SentenceRow[] rows = Read(upper);
        Assert.Equal($"{upper}, row 1", rows[0].Place.ToString());
        Assert.Equal($"{upper}, row 250", rows[^1].Place.ToString());
        TableSamples.Write(path, 0);
        Assert.Empty(Read(path));
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(true, CompressionCodecType.Zstd)]
    [InlineData(false, CompressionCodecType.Lz4Frame)]
    public void Arrow_is_also_read_as_a_stream_and_compressed(bool isStream, CompressionCodecType? compression)
    {
        TableSamples.WriteArrow(In("a.arrow"), Rows, isStream, compression);
        AssertTexts(In("a.arrow"));
    }

    [Theory]
    [InlineData(".parquet")]
    [InlineData(".arrow")]
    public void Scalars_and_nulls_are_carried_along(string extension)
    {
        SentenceRow[] rows = Read(Write("a" + extension), null, "label", "id", "good", "score");
        string Json(int row) => string.Join(' ', rows[row].Kept!.Select(value => value.ToJson()));
        Assert.Equal("null null true 0", Json(0));
        Assert.Equal("\"label 1\" 10 false 0.25", Json(1));
        Assert.Equal("\"label 2\" 20 true \"NaN\"", Json(2));
        Assert.Equal("\"label 3\" 2480 true 62", Json(248));
    }

    [Theory]
    [InlineData(".parquet")]
    [InlineData(".arrow")]
    public void A_column_that_is_not_of_strings_is_refused_by_name(string extension)
    {
        string path = Write("a" + extension);
        Assert.Equal($"{path}, row 1: found null, expected a string as 'label'", ReadError(path, "label"));
        Assert.Equal($"{path}: column 'nested': found nested values, expected strings", ReadError(path, "nested"));
        Assert.StartsWith($"{path}: column 'id': found ", ReadError(path, "id"), StringComparison.Ordinal);
        Assert.EndsWith("expected strings", ReadError(path, "id"), StringComparison.Ordinal);
        Assert.Equal(
            $"{path}: found columns 'text', 'id', 'score', 'good', 'label', 'nested', expected 'no'",
            ReadError(path, "no"));
        string notKept = ReadError(path, null, "nested");
        Assert.Contains("column 'nested': found nested values", notKept, StringComparison.Ordinal);
        Assert.Contains("expected 'no'", ReadError(path, null, "no"), StringComparison.Ordinal);
        Assert.Contains("compressed", ReadError(Rename(path, ".gz")), StringComparison.Ordinal);
    }

    static string Rename(string path, string suffix)
    {
        File.Copy(path, path + suffix);
        return path + suffix;
    }

    public static TheoryData<string> StringArrays => ["utf8", "large", "view", "dictionary"];

    [Theory]
    [MemberData(nameof(StringArrays))]
    public void Every_kind_of_Arrow_strings_is_read(string kind)
    {
        string?[] values = ["the cat", "", "é𝄞", new string('x', 5000), "the cat"];
        TableSamples.WriteArrowColumn(In("a.arrow"), Create(kind, values), Create(kind, values));
        Assert.Equal([.. values, .. values], Read(In("a.arrow")).Select(row => row.Text));
        TableSamples.WriteArrowColumn(In("n.arrow"), Create(kind, values), Create(kind, ["a", null]));
        Assert.Equal($"{In("n.arrow")}, row 7: found null, expected a string as 'text'", ReadError(In("n.arrow")));
    }

    static IArrowArray Create(string kind, string?[] values)
    {
        switch (kind)
        {
            case "utf8":
                return new StringArray.Builder().AppendRange(values!).Build();
            case "view":
                StringViewArray.Builder views = new();
                foreach (string? value in values) views.Append(value!);
                return views.Build();
            case "large":
                LargeStringArray.Builder large = new();
                foreach (string? value in values) large.Append(value!);
                return large.Build();
            default:
                string[] words = [.. values.OfType<string>().Distinct()];
                Int8Array.Builder indices = new();
                foreach (string? value in values)
                    indices.Append(value is null ? null : (sbyte)System.Array.IndexOf(words, value));
                DictionaryType type = new(Int8Type.Default, StringType.Default, ordered: false);
                return new DictionaryArray(type, indices.Build(), Create("utf8", words));
        }
    }

    [Fact]
    public void Bytes_of_an_Arrow_string_that_are_not_UTF8_are_refused()
    {
        ArrowBuffer offsets = new ArrowBuffer.Builder<int>().Append(0).Append(2).Build();
        StringArray bad = new(1, offsets, new ArrowBuffer(new byte[] { 0xC3, 0x28 }), ArrowBuffer.Empty);
        TableSamples.WriteArrowColumn(In("a.arrow"), bad);
        Assert.Contains("not valid arrow data", ReadError(In("a.arrow")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(".parquet")]
    [InlineData(".arrow")]
    public void Truncated_files_are_refused(string extension)
    {
        string path = Write("a" + extension);
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 1, 4, 7, 8, 12, 100, whole.Length / 2, whole.Length - 9, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            if (IsComplete(length)) continue;
            string message = ReadError(path, "text");
            Assert.StartsWith(path, message, StringComparison.Ordinal);
        }

        // The reader of .arrow needs no footer.
        bool IsComplete(int length) => extension == ".arrow" && length >= whole.Length - 9;
    }

    [Theory]
    [InlineData(".parquet")]
    [InlineData(".arrow")]
    public void Changed_bytes_give_rows_or_one_error(string extension)
    {
        string path = Write("a" + extension);
        byte[] whole = File.ReadAllBytes(path);
        Random random = new(7);
        for (int i = 0; i < 300; i++)
        {
            byte[] changed = [.. whole];
            for (int change = random.Next(1, 4); change > 0; change--)
                changed[random.Next(changed.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(path, changed);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? error = Record.Exception(() => Read(path, "text", "label", "id"));
            if (error is not null) Assert.True(error is InvalidInputException or UsageException, $"{i}: {error}");
            // Apache.Arrow allocates a message's length, at most 2 GiB, before it reads the message.
            long limit = extension == ".parquet" ? 1L << 30 : 1L << 32;
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, limit);
        }
    }
}
