using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>
/// Logistic regression with an L2 penalty, in double: minimizes ½·‖W‖² + C·Σ loss over weights and biases, where
/// biases are not penalized and the loss is −log p of the example's class. Two classes have one weight vector
/// (p = sigmoid of its score); more have one each (p = softmax of their scores). This is the objective of
/// scikit-learn's LogisticRegression with its default solver. An instance owns the buffers of one thread.
/// </summary>
/// <remarks>
/// Sentence vectors vary much more in some directions than in others, which makes L-BFGS slow: on 8636 vectors of 768
/// elements with a decaying spectrum it takes over 500 evaluations until the gradient is below 1e-6. The search
/// therefore runs on v = Lᵀ·w, where L·Lᵀ is the Hessian at w = 0 (<see cref="Precondition"/>): 10 to 12 evaluations
/// from zero, and 9 or 10 from the weights of the next smaller C. The minimum is the same.
/// </remarks>
sealed class LogisticRegression
{
    /// <summary>
    /// Norm of the gradient of the mean loss with respect to v at which a fit ends: a further step would lower the
    /// mean loss by about 1e-12.
    /// </summary>
    const double Tolerance = 1e-6;

    readonly LabeledVectors _vectors;
    readonly int _outputs;
    readonly Lbfgs _lbfgs;
    readonly ObjectiveFunction _objective;
    readonly double[] _weights;
    readonly double[] _whitened;
    readonly double[] _scores;
    readonly double[] _vector;
    int[] _rows = [];
    CholeskyFactor? _factor;
    double _penalty;

    /// <summary>Creates a classifier with weights of zero.</summary>
    /// <param name="vectors">The examples.</param>
    /// <param name="classes">Number of classes, at least 2.</param>
    public LogisticRegression(LabeledVectors vectors, int classes)
    {
        _vectors = vectors;
        _outputs = Outputs(classes);
        int size = vectors.Dimension + 1;
        _lbfgs = new Lbfgs(_outputs * size);
        _objective = Evaluate;
        _weights = new double[_outputs * size];
        _whitened = new double[_outputs * size];
        _scores = new double[_outputs];
        _vector = new double[size];
    }

    /// <summary>[outputs, dimension + 1]: the weights of each output and its bias.</summary>
    public ReadOnlySpan<double> Weights => _weights;

    int Size => _vector.Length;

    /// <summary>Computes the factor L for fits with a strength.</summary>
    /// <param name="secondMoment">The mean of x·xᵀ over the examples, or over more of their kind.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="strength">C, the inverse of the penalty's weight.</param>
    /// <param name="examples">Number of examples.</param>
    public static CholeskyFactor Precondition(
        SymmetricMatrix secondMoment, int classes, double strength, int examples)
    {
        // The Hessian of the loss by the scores at w = 0: p·(1 − p) for the sigmoid; for the softmax 1/classes, where
        // the scores' sum is constant.
        double curvature = classes == 2 ? 0.25 : 1.0 / classes;
        return CholeskyFactor.Compute(secondMoment.ScaleAndAddRidge(curvature, 1 / (strength * examples)));
    }

    /// <summary>Sets all weights to zero.</summary>
    public void Reset() => _weights.AsSpan().Clear();

    /// <summary>Fits the weights to some of the examples, starting from the weights as they are.</summary>
    /// <param name="rows">The examples to learn from.</param>
    /// <param name="strength">C, the inverse of the penalty's weight.</param>
    /// <param name="factor">The result of <see cref="Precondition"/>.</param>
    public void Fit(int[] rows, double strength, CholeskyFactor factor)
    {
        _rows = rows;
        _factor = factor;
        _penalty = 1 / (strength * rows.Length);
        _weights.CopyTo(_whitened, 0);
        for (int k = 0; k < _outputs; k++) factor.MultiplyTransposed(Output(_whitened, k));
        _lbfgs.Minimize(_objective, _whitened, Tolerance);
        SetWeights(_whitened);
    }

    /// <summary>Computes the share of some examples whose most probable class is theirs.</summary>
    public double Accuracy(ReadOnlySpan<int> rows)
    {
        int correct = 0;
        foreach (int row in rows)
        {
            ComputeScores(row);
            if (MostProbableClass() == _vectors.Labels[row]) correct++;
        }
        return (double)correct / rows.Length;
    }

    static int Outputs(int classes) => classes == 2 ? 1 : classes;

    int MostProbableClass()
    {
        if (_outputs == 1) return _scores[0] > 0 ? 1 : 0;
        return TensorPrimitives.IndexOfMax<double>(_scores);
    }

    /// <summary>Computes the mean loss plus the penalty, and its gradient with respect to v.</summary>
    double Evaluate(ReadOnlySpan<double> whitened, Span<double> gradient)
    {
        SetWeights(whitened);
        gradient.Clear();
        double loss = 0;
        foreach (int row in _rows)
        {
            ComputeScores(row);
            loss += LogLoss.Compute(_scores, _vectors.Labels[row]);
            for (int k = 0; k < _outputs; k++)
            {
                Span<double> output = Output(gradient, k);
                TensorPrimitives.MultiplyAdd(_vector, _scores[k], output, output);
            }
        }
        TensorPrimitives.Multiply(gradient, 1.0 / _rows.Length, gradient);
        return loss / _rows.Length + AddPenalty(gradient);
    }

    /// <summary>Returns the penalty, adds its gradient, and turns the gradient into that with respect to v.</summary>
    double AddPenalty(Span<double> gradient)
    {
        double squares = 0;
        for (int k = 0; k < _outputs; k++)
        {
            Span<double> output = Output(gradient, k);
            ReadOnlySpan<double> weights = Output(_weights, k)[..^1];
            squares += TensorPrimitives.SumOfSquares(weights);
            TensorPrimitives.MultiplyAdd(weights, _penalty, output[..^1], output[..^1]);
            _factor!.Solve(output);
        }
        return _penalty / 2 * squares;
    }

    void ComputeScores(int row)
    {
        _vectors.CopyWithOne(row, _vector);
        for (int k = 0; k < _outputs; k++)
            _scores[k] = TensorPrimitives.Dot<double>(_vector, Output(_weights, k));
    }

    void SetWeights(ReadOnlySpan<double> whitened)
    {
        whitened.CopyTo(_weights);
        for (int k = 0; k < _outputs; k++) _factor!.SolveTransposed(Output(_weights, k));
    }

    Span<double> Output(Span<double> values, int k) => values.Slice(k * Size, Size);
}
