using System.Buffers;
using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Vectors;

namespace EsimCse.Cpu.Operations;

/// <summary>
/// Logits of the anchors against their candidates (the positives of the batch, its hard negatives, then the queue), and
/// the gradient of the loss. Vectors are numbered anchors, then candidates. See <see cref="IBackend.ContrastiveLoss"/>.
/// </summary>
unsafe struct CosineLogits
{
    const float MinNorm = 1e-8f;

    /// <summary>A logit whose softmax is 0; finite, for it is multiplied by that.</summary>
    const float ExcludedLogit = -1e30f;

    public Matrix H;
    public Matrix Queue;

    /// <summary>[Pairs, candidates]; absent where logits are computed again for the gradient.</summary>
    public Matrix Logits;

    /// <summary>Gradient of the loss by the cosines, [Pairs, candidates]; absent like the logits.</summary>
    public Matrix DCosines;

    /// <summary>Equal numbers for rows of H of equal text; null where all differ.</summary>
    public int* Texts;

    public float HardNegativeWeight;
    public float* Norms;
    public float Temperature;
    public int Pairs;
    public int QueueCount;
    public SoftmaxRow[] Rows;

    public readonly int Candidates => BatchCandidates + QueueCount;

    readonly int BatchCandidates => H.Rows - Pairs;

    public readonly void ComputeNorms()
    {
        for (int index = 0; index < H.Rows + QueueCount; index++)
            Norms[index] = MathF.Sqrt(VectorMath.Dot(Vector(index), Vector(index)));
    }

    /// <summary>Computes logits, gradients of the cosines, and <see cref="Rows"/> of the anchors [from, to).</summary>
    public readonly void ComputeRows(int from, int to)
    {
        int count = Candidates;
        float[]? scratch = Logits.IsPresent ? null : ArrayPool<float>.Shared.Rent(2 * count);
        for (int row = from; row < to; row++)
        {
            Span<float> logits = scratch is null ? CpuBackend.Row(Logits, row)[..count] : scratch.AsSpan(0, count);
            Span<float> dcos = scratch is null ? CpuBackend.Row(DCosines, row)[..count] : scratch.AsSpan(count, count);
            Rows[row] = ComputeRow(row, logits, dcos);
        }
        if (scratch is not null) ArrayPool<float>.Shared.Return(scratch);
    }

    /// <summary>
    /// Computes dh of one vector: (Σ dcos · other / |other| − Σ dcos · cos · h / |h|) / |h|. The second sum is left out
    /// where |h| is clamped.
    /// </summary>
    public readonly void ComputeGradient(int index, Span<float> dh)
    {
        bool isAnchor = index < Pairs;
        int count = isAnchor ? Candidates : Pairs;
        float projection = 0;
        dh.Clear();
        for (int i = 0; i < count; i++)
        {
            int other = isAnchor ? Pairs + i : i;
            (int anchor, int candidate) = isAnchor ? (index, i) : (i, index - Pairs);
            (float logit, float dcos) = At(anchor, candidate);
            VectorMath.AddScaled(Vector(other), dcos * InverseNorm(other), dh);
            projection += dcos * (logit - Bonus(anchor, candidate)) * Temperature;
        }
        float inverse = InverseNorm(index);
        bool isClamped = Norms[index] < MinNorm;
        if (!isClamped) VectorMath.AddScaled(Vector(index), -projection * inverse, dh);
        TensorPrimitives.Multiply(dh, inverse, dh);
    }

    readonly SoftmaxRow ComputeRow(int row, Span<float> logits, Span<float> dcos)
    {
        for (int candidate = 0; candidate < logits.Length; candidate++) logits[candidate] = Logit(row, candidate);

        // softmax / (B τ)
        float max = TensorPrimitives.Max(logits);
        TensorPrimitives.Subtract(logits, max, dcos);
        TensorPrimitives.Exp(dcos, dcos);
        float positive = dcos[row];
        float negatives = VectorMath.Sum(dcos) - positive;
        float scale = 1 / ((positive + negatives) * Pairs * Temperature);
        TensorPrimitives.Multiply(dcos, scale, dcos);

        // softmax − 1 at the positive, as minus the sum of the others: it keeps its digits where the loss is small
        dcos[row] = -(VectorMath.Sum(dcos[..row]) + VectorMath.Sum(dcos[(row + 1)..]));
        return new SoftmaxRow(max, scale, dcos[row], Loss(logits, row));
    }

    /// <summary>Returns log1p(Σ over all but the largest of e^(l − max)) − (l_positive − max).</summary>
    static double Loss(ReadOnlySpan<float> logits, int positive)
    {
        int largest = TensorPrimitives.IndexOfMax(logits);
        double others = 0;
        for (int candidate = 0; candidate < logits.Length; candidate++)
            if (candidate != largest) others += Math.Exp((double)logits[candidate] - logits[largest]);
        return double.LogP1(others) - ((double)logits[positive] - logits[largest]);
    }

    readonly Span<float> Vector(int index) =>
        index < H.Rows ? CpuBackend.Row(H, index) : CpuBackend.Row(Queue, index - H.Rows);

    readonly float InverseNorm(int index) => 1 / MathF.Max(Norms[index], MinNorm);

    readonly float Logit(int row, int candidate)
    {
        if (IsExcluded(row, candidate)) return ExcludedLogit;
        int other = Pairs + candidate;
        float cosine = VectorMath.Dot(Vector(row), Vector(other)) * InverseNorm(row) * InverseNorm(other);
        return cosine / Temperature + Bonus(row, candidate);
    }

    readonly bool IsExcluded(int row, int candidate)
    {
        if (Texts is null || candidate == row || candidate >= BatchCandidates) return false;
        int text = Texts[Pairs + candidate];
        bool isSameRow = candidate < Pairs && Texts[candidate] == Texts[row];
        return isSameRow || text == Texts[row] || text == Texts[Pairs + row];
    }

    readonly float Bonus(int row, int candidate) =>
        candidate == Pairs + row && candidate < BatchCandidates ? HardNegativeWeight : 0;

    readonly (float Logit, float DCosine) At(int row, int candidate)
    {
        if (Logits.IsPresent) return (CpuBackend.Row(Logits, row)[candidate], CpuBackend.Row(DCosines, row)[candidate]);
        float logit = Logit(row, candidate);
        if (candidate == row) return (logit, Rows[row].PositiveDCosine);
        return (logit, MathF.Exp(logit - Rows[row].MaxLogit) * Rows[row].Scale);
    }
}
