using System.Runtime.InteropServices;
using EsimCse.Cuda.Interop;

namespace EsimCse.Tests.Support;

/// <summary>The matrix products of SoftCuda and its algorithms, by their numbers.</summary>
static unsafe class SoftMatmuls
{
    /// <summary>Wrong where the split does not divide K.</summary>
    public const int Faulty = 66;

    /// <summary>Usable for every product.</summary>
    public const int Plain = 67;

    /// <summary>Adds the parts of a split in any order.</summary>
    public const int Unordered = 68;

    /// <summary>Refuses less than 256 columns.</summary>
    public const int Wide = 69;

    /// <summary>Needs more workspace than there is for less than 512 columns.</summary>
    public const int Hungry = 70;

    /// <summary>Returns an algorithm for operands aligned to 16 bytes.</summary>
    public static MatmulAlgorithm Algorithm(
        int id, int splits = 1, CublasLtReductionScheme scheme = CublasLtReductionScheme.None)
    {
        _ = SoftCuda.Export("softcuda_record");
        MatmulAlgorithm algorithm = default;
        ReadOnlySpan<int> words = [id, splits, (int)scheme, 16, 16, 16, 16];
        words.CopyTo(new Span<int>(&algorithm, words.Length));
        return algorithm;
    }

    /// <summary>
    /// Runs an action while the heuristic proposes that many faulty split-K algorithms first, and then unsplit ones or
    /// none. From <paramref name="wideColumns"/> on, unless 0, those refuse few columns.
    /// </summary>
    public static void WithProposals(int faulty, bool unsplit, Action action, int wideColumns = 0)
    {
        var set = (delegate* unmanaged<int, int, int, void>)SoftCuda.Export("softcuda_proposals");
        set(faulty, unsplit ? 1 : 0, wideColumns);
        try
        {
            action();
        }
        finally
        {
            set(1, 1, 0);
        }
    }

    /// <summary>Runs an action and returns the matrix products that it enqueues.</summary>
    public static SoftMatmul[] Record(Action action)
    {
        var record = (delegate* unmanaged<int, int>)SoftCuda.Export("softcuda_record");
        var recorded = (delegate* unmanaged<SoftMatmul*>)SoftCuda.Export("softcuda_recorded");
        _ = record(1);
        int count = 0;
        try
        {
            action();
        }
        finally
        {
            count = record(0);
        }
        return new ReadOnlySpan<SoftMatmul>(recorded(), count).ToArray();
    }
}

/// <summary>A matrix product as SoftCuda was asked for it.</summary>
[StructLayout(LayoutKind.Sequential)]
readonly record struct SoftMatmul(
    int Rows, int Columns, int Inner, int TransposeA, int TransposeB, int Algorithm, int Split);
