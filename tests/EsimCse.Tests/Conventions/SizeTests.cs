namespace EsimCse.Tests.Conventions;

/// <summary>Lines, files and functions are short enough to be read.</summary>
public class SizeTests
{
    const int MaxColumns = 120;
    const int MaxFileLines = 330;
    const int MedianFileLines = 150;
    const int MaxFunctionLines = 45;
    const int MedianFunctionLines = 10;

    [Fact]
    public void No_line_is_over_120_columns()
    {
        string[] found =
        [
            .. from file in SourceFile.All
               from line in file.Lines.Index()
               where Columns(line.Item) > MaxColumns
               select $"{file.Path}({line.Index + 1}): {Columns(line.Item)} columns",
        ];
        Violations.None(found);
    }

    [Fact]
    public void Files_are_short()
    {
        SourceFile[] files = [.. SourceFile.All.OrderBy(file => file.Lines.Length)];
        Violations.None(files.Where(file => file.Lines.Length > MaxFileLines).Select(Describe));
        SourceFile median = files[files.Length / 2];
        Assert.True(median.Lines.Length <= MedianFileLines, $"the median file is {Describe(median)}");
    }

    [Fact]
    public void Functions_are_short()
    {
        Function[] functions = [.. SourceFile.All.SelectMany(Function.FindAll).OrderBy(function => function.Lines)];
        IEnumerable<Function> tooLong = functions.Where(function => function.Lines > MaxFunctionLines);
        Violations.None(tooLong.Select(function => $"{function}"));
        Function median = functions[functions.Length / 2];
        Assert.True(median.Lines < MedianFunctionLines, $"the median function is {median}");
    }

    [Theory]
    [InlineData(".cs", "class A\n{\n    int F()\n    {\n        return 1;\n    }\n\n    int G() => 1;\n}", "F 3, G 1")]
    [InlineData(".cu", "template <class T> void f(T x)\n{\n    if (x)\n    {\n    }\n}\nvoid g() { }", "f 5, g 1")]
    [InlineData(".py", "def f():\n    a = 1\n\n    return a\n\n\nx = 1\ndef g(): pass", "f 4, g 1")]
    [InlineData(".sh", "f() {\n  a\n  b\n}\ng() { a; }", "f 4, g 1")]
    public void Functions_are_found(string extension, string text, string expected)
    {
        SourceFile file = new("folder/file" + extension, text.Split('\n'));
        IEnumerable<string> found = Function.FindAll(file).Select(function => $"{function.Name} {function.Lines}");
        Assert.Equal(expected, string.Join(", ", found));
    }

    static int Columns(string line) => line.EnumerateRunes().Count();

    static string Describe(SourceFile file) => $"{file.Path}: {file.Lines.Length} lines";
}
