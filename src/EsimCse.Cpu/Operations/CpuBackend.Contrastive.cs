using System.Buffers;
using System.Numerics.Tensors;
using EsimCse.Core.Backend;
using EsimCse.Cpu.Operations;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    const float SmallestNorm = 1e-8f;

    /// <inheritdoc/>
    public unsafe void ContrastiveLoss(Matrix h, Matrix queue, float temperature, StepState state, Matrix logits, Matrix weights, Matrix norms, Matrix dh)
    {
        RowSummary[] pooled = ArrayPool<RowSummary>.Shared.Rent(h.Rows / 2 + 1);
        fixed (RowSummary* rows = pooled) ContrastiveLoss(rows, h, queue, temperature, state, logits, weights, norms, dh);
        ArrayPool<RowSummary>.Shared.Return(pooled);
    }

    unsafe void ContrastiveLoss(RowSummary* rows, Matrix h, Matrix queue, float temperature, StepState state, Matrix logits, Matrix weights, Matrix norms, Matrix dh)
    {
        Similarities problem = new()
        {
            H = h,
            Queue = queue,
            Logits = logits,
            Weights = weights,
            Norms = Floats(norms),
            Temperature = temperature,
            Pairs = h.Rows / 2,
            Held = queue.IsPresent ? Integers(state.Counters)[StepState.QueueCount] : 0,
            Rows = rows,
        };
        for (int row = 0; row < 2 * problem.Pairs + problem.Held; row++)
            problem.Norms[row] = MathF.Sqrt(VectorMath.Dot(problem.Vector(row), problem.Vector(row)));
        _cores.For(problem.Pairs, 1, new SimilarityRows(problem));
        double loss = 0;
        for (int row = 0; row < problem.Pairs; row++) loss += rows[row].Loss;
        Floats(state.Scalars)[StepState.Loss] = (float)(loss / problem.Pairs);
        _cores.For(h.Rows, 1, new SimilarityGradients(problem, dh));
    }

    /// <summary>Of an original: its largest logit, what turns e^(l − largest) into a weight, the weight of its target, its loss.</summary>
    readonly record struct RowSummary(float Largest, float Share, float TargetWeight, double Loss);

    /// <summary>Originals against their second views and the queue. Vectors are numbered: first views, second views, queue.</summary>
    unsafe struct Similarities
    {
        public Matrix H, Queue, Logits, Weights;
        public float* Norms;
        public float Temperature;
        public int Pairs, Held;

        public RowSummary* Rows;

        public readonly int Others => Pairs + Held;

        public readonly Span<float> Vector(int index) => index < H.Rows ? Row(H, index) : Row(Queue, index - H.Rows);

        public readonly float InverseNorm(int index) => 1 / MathF.Max(Norms[index], SmallestNorm);

        public readonly float Similarity(int row, int column)
        {
            int other = Pairs + column;
            return VectorMath.Dot(Vector(row), Vector(other)) * InverseNorm(row) * InverseNorm(other) / Temperature;
        }

        /// <summary>A logit, and the loss's gradient with respect to its cosine.</summary>
        public readonly (float Logit, float Weight) At(int row, int column)
        {
            if (Logits.IsPresent) return (Row(Logits, row)[column], Row(Weights, row)[column]);
            float logit = Similarity(row, column);
            return (logit, column == row ? Rows[row].TargetWeight : MathF.Exp(logit - Rows[row].Largest) * Rows[row].Share);
        }
    }

    /// <summary>The items are the originals: a row of logits, and of weights, the loss's gradient with respect to the cosines.</summary>
    readonly struct SimilarityRows(Similarities problem) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            int count = problem.Others;
            float[]? own = problem.Logits.IsPresent ? null : ArrayPool<float>.Shared.Rent(2 * count);
            for (int row = from; row < to; row++)
            {
                Span<float> logits = own is null ? Row(problem.Logits, row)[..count] : own.AsSpan(0, count), weights = own is null ? Row(problem.Weights, row)[..count] : own.AsSpan(count, count);
                for (int column = 0; column < count; column++) logits[column] = problem.Similarity(row, column);
                float largest = TensorPrimitives.Max(logits);
                TensorPrimitives.Subtract(logits, largest, weights);
                TensorPrimitives.Exp(weights, weights);
                float target = weights[row], rest = VectorMath.Sum(weights) - target, share = 1 / ((target + rest) * problem.Pairs * problem.Temperature);
                TensorPrimitives.Multiply(weights, share, weights);
                weights[row] = -Remainder(weights, row);
                problem.Rows[row] = new RowSummary(largest, share, weights[row], Loss(logits, row));
            }
            if (own is not null) ArrayPool<float>.Shared.Return(own);
        }

        /// <summary>log1p(Σ over all but the largest of e^(l − max)) − (l_target − max).</summary>
        static double Loss(ReadOnlySpan<float> logits, int target)
        {
            int largest = TensorPrimitives.IndexOfMax(logits);
            double others = 0;
            for (int column = 0; column < logits.Length; column++)
                if (column != largest) others += Math.Exp((double)logits[column] - logits[largest]);
            return double.LogP1(others) - ((double)logits[target] - logits[largest]);
        }

        /// <summary>softmax − 1 at the target, as minus the others' sum: it keeps its digits where the loss is small.</summary>
        static float Remainder(ReadOnlySpan<float> weights, int target) => VectorMath.Sum(weights[..target]) + VectorMath.Sum(weights[(target + 1)..]);
    }

    /// <summary>The items are the rows of h: dh = (Σ weight · other / |other| − cosines' share of h) / |h|.</summary>
    readonly struct SimilarityGradients(Similarities problem, Matrix dh) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            for (int index = from; index < to; index++)
            {
                bool first = index < problem.Pairs;
                Span<float> gradient = Row(dh, index);
                gradient.Clear();
                float along = 0;
                for (int i = 0; i < (first ? problem.Others : problem.Pairs); i++)
                {
                    (int row, int column) = first ? (index, i) : (i, index - problem.Pairs);
                    int other = first ? problem.Pairs + i : i;
                    (float logit, float weight) = problem.At(row, column);
                    VectorMath.AddScaled(problem.Vector(other), weight * problem.InverseNorm(other), gradient);
                    along += weight * logit * problem.Temperature;
                }
                float inverse = problem.InverseNorm(index);
                if (!(problem.Norms[index] < SmallestNorm)) VectorMath.AddScaled(problem.Vector(index), -along * inverse, gradient);
                TensorPrimitives.Multiply(gradient, inverse, gradient);
            }
        }
    }
}
