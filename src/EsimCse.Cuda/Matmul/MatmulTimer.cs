using System.Diagnostics;
using EsimCse.Core;
using EsimCse.Cuda.Interop;

namespace EsimCse.Cuda.Matmul;

/// <summary>Times algorithms on a stream and reports the fastest of each shape.</summary>
sealed class MatmulTimer(CublasLtContext context, List<string> report)
{
    const int Repetitions = 5;
    const int RunsPerRepetition = 8;

    /// <summary>Returns the algorithm with the smallest median time. Every run overwrites D or adds to it.</summary>
    public MatmulAlgorithm FindFastest(
        List<MatmulAlgorithm> candidates, MatmulShape shape, MatmulPlan plan, MatmulOperands operands)
    {
        double[] medians = [.. candidates.Select(candidate => MedianMicroseconds(plan, candidate, operands))];
        int best = Array.IndexOf(medians, medians.Min());
        int id = MatmulHeuristics.GetConfig(candidates[best], CublasLtAlgoConfig.Id);
        string product = $"{shape.Rows}x{shape.Columns}x{shape.Inner} {shape.Input.Name()} to {shape.Output.Name()}";
        if (shape.BatchInvariant) product += ", for every batch";
        string times = FormattableString.Invariant($"{medians[0]:F1} us by default, {medians[best]:F1} us");
        report.Add($"{product}: {times} with algorithm {id}, {best + 1} of {candidates.Count}");
        return candidates[best];
    }

    /// <summary>Returns the median time of a run, after a warm-up.</summary>
    double MedianMicroseconds(MatmulPlan plan, in MatmulAlgorithm algorithm, MatmulOperands operands)
    {
        Time(plan, algorithm, operands);
        double[] times = new double[Repetitions];
        for (int i = 0; i < Repetitions; i++) times[i] = Time(plan, algorithm, operands);
        Array.Sort(times);
        return times[Repetitions / 2];
    }

    double Time(MatmulPlan plan, in MatmulAlgorithm algorithm, MatmulOperands operands)
    {
        CudaDriver.StreamSynchronize(context.Stream).ThrowIfFailed();
        long start = Stopwatch.GetTimestamp();
        for (int run = 0; run < RunsPerRepetition; run++) plan.Run(context, algorithm, operands);
        CudaDriver.StreamSynchronize(context.Stream).ThrowIfFailed();
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / RunsPerRepetition;
    }
}
