using System.Numerics.Tensors;

namespace EsimCse.Cpu;

partial class CpuBackend
{
    const float SmallestNorm = 1e-8f;

    /// <inheritdoc/>
    public unsafe void ContrastiveLoss(Matrix h, Matrix queue, float temperature, StepState state, Matrix logits, Matrix weights, Matrix norms, Matrix dh)
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
        };
        for (int row = 0; row < 2 * problem.Pairs + problem.Held; row++)
            problem.Norms[row] = MathF.Sqrt(VectorMath.Dot(problem.Vector(row), problem.Vector(row)));
        _cores.For(problem.Pairs, 1, new SimilarityRows(problem));
        Floats(state.Scalars)[StepState.Loss] = problem.Loss();
        _cores.For(h.Rows, 1, new SimilarityGradients(problem, dh));
    }

    /// <summary>Originals against their second views and the queue. Vectors are numbered: first views, second views, queue.</summary>
    unsafe struct Similarities
    {
        public Matrix H, Queue, Logits, Weights;
        public float* Norms;
        public float Temperature;
        public int Pairs, Held;

        public readonly int Others => Pairs + Held;

        public readonly Span<float> Vector(int index) => index < H.Rows ? Row(H, index) : Row(Queue, index - H.Rows);

        public readonly float InverseNorm(int index) => 1 / MathF.Max(Norms[index], SmallestNorm);

        /// <summary>The mean of log1p(Σ over all but the largest of e^(l − max)) − (l_target − max).</summary>
        public readonly float Loss()
        {
            double sum = 0;
            for (int row = 0; row < Pairs; row++)
            {
                ReadOnlySpan<float> logits = Row(Logits, row)[..Others];
                int largest = TensorPrimitives.IndexOfMax(logits);
                double others = 0;
                for (int column = 0; column < logits.Length; column++)
                    if (column != largest) others += Math.Exp((double)logits[column] - logits[largest]);
                sum += double.LogP1(others) - ((double)logits[row] - logits[largest]);
            }
            return (float)(sum / Pairs);
        }
    }

    /// <summary>The items are the originals: a row of logits, and of weights, the loss's gradient with respect to the cosines.</summary>
    readonly struct SimilarityRows(Similarities problem) : IRangeBody
    {
        public unsafe void Run(int from, int to)
        {
            for (int row = from; row < to; row++)
            {
                Span<float> logits = Row(problem.Logits, row)[..problem.Others], weights = Row(problem.Weights, row)[..problem.Others];
                for (int column = 0; column < logits.Length; column++)
                {
                    int other = problem.Pairs + column;
                    float cosine = VectorMath.Dot(problem.Vector(row), problem.Vector(other)) * problem.InverseNorm(row) * problem.InverseNorm(other);
                    logits[column] = cosine / problem.Temperature;
                }
                TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), weights);
                TensorPrimitives.Exp(weights, weights);
                float target = weights[row], rest = VectorMath.Sum(weights) - target;
                TensorPrimitives.Multiply(weights, 1 / ((target + rest) * problem.Pairs * problem.Temperature), weights);
                weights[row] = -Remainder(weights, row);
            }
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
                    float weight = Row(problem.Weights, row)[column];
                    VectorMath.AddScaled(problem.Vector(other), weight * problem.InverseNorm(other), gradient);
                    along += weight * Row(problem.Logits, row)[column] * problem.Temperature;
                }
                float inverse = problem.InverseNorm(index);
                if (!(problem.Norms[index] < SmallestNorm)) VectorMath.AddScaled(problem.Vector(index), -along * inverse, gradient);
                TensorPrimitives.Multiply(gradient, inverse, gradient);
            }
        }
    }
}
