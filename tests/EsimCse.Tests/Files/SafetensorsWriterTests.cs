using EsimCse.Core.Files;

namespace EsimCse.Tests.Files;

public sealed class SafetensorsWriterTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("esimcse-writer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string In(string name) => Path.Combine(_folder, name);

    [Fact]
    public void The_same_tensors_give_the_same_bytes_with_aligned_data()
    {
        TensorToWrite x = TensorToWrite.Floats("x", [2], () => [1, 2]);
        TensorToWrite y = TensorToWrite.Floats("y", [1], () => [3]);
        Dictionary<string, string> metadata = new() { ["format"] = "pt" };
        SafetensorsWriter.Write(In("a"), [x, y], metadata);
        SafetensorsWriter.Write(In("b"), [x, y], metadata);
        Assert.Equal(File.ReadAllBytes(In("a")), File.ReadAllBytes(In("b")));
        using SafetensorsFile file = SafetensorsFile.Open(In("a"));
        Assert.Equal(0, file.Tensors["x"].Begin % 64);
        Assert.Equal(file.Tensors["x"].Begin + 8, file.Tensors["y"].Begin);
    }

    [Fact]
    public void Data_of_another_length_is_refused_and_leaves_no_file()
    {
        TensorToWrite wrong = TensorToWrite.Floats("x", [3], () => [1, 2]);
        Assert.Throws<ArgumentException>(
            () => SafetensorsWriter.Write(In("a"), [wrong], new Dictionary<string, string>()));
        Assert.Empty(Directory.GetFiles(_folder));
    }
}
