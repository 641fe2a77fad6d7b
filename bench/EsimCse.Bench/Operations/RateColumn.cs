using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace EsimCse.Bench.Operations;

/// <summary>A column that is computed from an operation's work and its time.</summary>
/// <param name="name">The title.</param>
/// <param name="legend">The explanation below the table.</param>
/// <param name="format">Returns the cell from the operation and the seconds.</param>
sealed class RateColumn(string name, string legend, Func<OperationCase, double, string> format) : IColumn
{
    public string Id => name;

    public string ColumnName => name;

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Custom;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => legend;

    /// <summary>Creates the columns of rates and of their share of what the machine can do.</summary>
    /// <param name="gigaFlops">Floating-point operations that the device reaches, 10⁹/s.</param>
    /// <param name="gigabytes">Bytes that it reads and writes, 10⁹/s.</param>
    public static IColumn[] Create(double gigaFlops, double gigabytes) =>
    [
        new RateColumn("GFLOP/s", "of products", (operation, seconds) =>
            Number(operation.FloatingPointOperations / seconds / 1e9)),
        new RateColumn("GB/s", "read and written at the least", (operation, seconds) =>
            Number(operation.Bytes / seconds / 1e9)),
        new RateColumn("Of peak", "the larger share of the measured peaks", (operation, seconds) =>
        {
            double ofFlops = operation.FloatingPointOperations / seconds / 1e9 / gigaFlops;
            double ofBytes = operation.Bytes / seconds / 1e9 / gigabytes;
            return Math.Max(ofFlops, ofBytes).ToString("P0", CultureInfo.InvariantCulture);
        }),
    ];

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
    {
        OperationCase operation = (OperationCase)benchmarkCase.Parameters[nameof(OperationBenchmarks.Operation)];
        double? nanoseconds = summary[benchmarkCase]?.ResultStatistics?.Median;
        return nanoseconds is null ? "" : format(operation, nanoseconds.Value / 1e9);
    }

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
        GetValue(summary, benchmarkCase);

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    static string Number(double value) => value == 0 ? "" : value.ToString("F1", CultureInfo.InvariantCulture);
}
