using EsimCse.Core;
using EsimCse.Core.Text;

namespace EsimCse.Formats;

/// <summary>Columns that are carried along with the vectors.</summary>
/// <param name="Names">The names, in the order of the output.</param>
/// <param name="Next">Returns the values of the next row; called once for each, in order.</param>
sealed record KeptColumns(IReadOnlyList<string> Names, Func<IReadOnlyList<KeptValue>> Next)
{
    /// <summary>The name of the column of row numbers. Formats with types store it as integers.</summary>
    public const string RowNumber = "row";

    /// <summary>No columns.</summary>
    public static KeptColumns None { get; } = new([], () => []);

    /// <summary>Returns the values of the next rows by columns: [column][row].</summary>
    public KeptValue[][] NextBatch(int rows)
    {
        KeptValue[][] columns = [.. Names.Select(_ => new KeptValue[rows])];
        for (int row = 0; row < rows; row++)
            foreach ((int column, KeptValue value) in Next().Index()) columns[column][row] = value;
        return columns;
    }

    /// <summary>Checks that no column has a name that the output has of its own.</summary>
    /// <exception cref="UsageException">A column has.</exception>
    public void RequireOtherThan(params IReadOnlyList<string> names)
    {
        if (Names.FirstOrDefault(names.Contains) is { } name)
            throw new UsageException($"--keep {name}: is a column of the vectors, expected another name");
    }
}
