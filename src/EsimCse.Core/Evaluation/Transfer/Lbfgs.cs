using System.Numerics.Tensors;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>Computes a function's value, and writes its gradient.</summary>
delegate double ObjectiveFunction(ReadOnlySpan<double> x, Span<double> gradient);

/// <summary>
/// Minimizes smooth convex functions by L-BFGS (Nocedal and Wright, Numerical Optimization, algorithm 7.5) with
/// a backtracking line search. Buffers are allocated once; not thread-safe.
/// </summary>
/// <remarks>
/// MathNet.Numerics 5.0 (MIT, published by AOT without a warning) has the algorithm too, but its last stable release is
/// of 2022, it allocates in every iteration, and it is 1.6 MB in place of this file. On the problem described at
/// <see cref="LogisticRegression"/> it needs 18 to 21 evaluations, this class 10 to 12. Microsoft.ML's trainer works
/// through reflection on its own data views.
/// </remarks>
sealed class Lbfgs
{
    /// <summary>Steps whose curvature is remembered.</summary>
    const int Memory = 10;

    const int MaxIterations = 1000;

    /// <summary>Part of the decrease that the slope promises which a step must reach.</summary>
    const double SufficientDecrease = 1e-4;

    /// <summary>The shortest step that is tried: a shorter one changes the value by less than rounding does.</summary>
    const double MinStep = 1e-12;

    readonly double[][] _steps;
    readonly double[][] _gradientChanges;
    readonly double[] _curvatures = new double[Memory];
    readonly double[] _coefficients = new double[Memory];
    readonly double[] _direction;
    double[] _x;
    double[] _gradient;
    double[] _nextX;
    double[] _nextGradient;
    int _remembered;

    public Lbfgs(int size)
    {
        _steps = Vectors();
        _gradientChanges = Vectors();
        _direction = new double[size];
        _x = new double[size];
        _gradient = new double[size];
        _nextX = new double[size];
        _nextGradient = new double[size];

        double[][] Vectors() => [.. Enumerable.Range(0, Memory).Select(_ => new double[size])];
    }

    /// <summary>
    /// Minimizes a function until the norm of its gradient is at most <paramref name="tolerance"/>, or until rounding
    /// hides any further decrease.
    /// </summary>
    /// <param name="function">The function.</param>
    /// <param name="x">The start, and afterwards the minimum.</param>
    /// <param name="tolerance">The norm of the gradient at which the search ends.</param>
    public void Minimize(ObjectiveFunction function, Span<double> x, double tolerance)
    {
        _remembered = 0;
        x.CopyTo(_x);
        double value = function(_x, _gradient);
        for (int i = 0; i < MaxIterations && TensorPrimitives.Norm<double>(_gradient) > tolerance; i++)
        {
            SetDirection();
            if (!Search(function, ref value)) break;
            Remember();
            (_x, _nextX) = (_nextX, _x);
            (_gradient, _nextGradient) = (_nextGradient, _gradient);
        }
        _x.CopyTo(x);
    }

    /// <summary>Finds the first of the steps 1, ½, ¼ … that decreases the value enough; false without one.</summary>
    bool Search(ObjectiveFunction function, ref double value)
    {
        double slope = TensorPrimitives.Dot<double>(_gradient, _direction);
        for (double step = 1; step >= MinStep; step /= 2)
        {
            TensorPrimitives.MultiplyAdd(_direction, step, _x, _nextX);
            double next = function(_nextX, _nextGradient);
            if (next > value + SufficientDecrease * step * slope) continue;
            value = next;
            return true;
        }
        return false;
    }

    /// <summary>Multiplies the negative gradient by the estimate of the inverse Hessian.</summary>
    void SetDirection()
    {
        TensorPrimitives.Negate<double>(_gradient, _direction);
        int oldest = Math.Max(0, _remembered - Memory);
        for (int k = _remembered - 1; k >= oldest; k--)
        {
            int slot = k % Memory;
            double coefficient = TensorPrimitives.Dot<double>(_steps[slot], _direction) / _curvatures[slot];
            _coefficients[slot] = coefficient;
            TensorPrimitives.MultiplyAdd(_gradientChanges[slot], -coefficient, _direction, _direction);
        }
        if (_remembered > 0)
        {
            int newest = (_remembered - 1) % Memory;
            double scale = _curvatures[newest] / TensorPrimitives.SumOfSquares<double>(_gradientChanges[newest]);
            TensorPrimitives.Multiply(_direction, scale, _direction);
        }
        for (int k = oldest; k < _remembered; k++)
        {
            int slot = k % Memory;
            double projection = TensorPrimitives.Dot<double>(_gradientChanges[slot], _direction) / _curvatures[slot];
            TensorPrimitives.MultiplyAdd(_steps[slot], _coefficients[slot] - projection, _direction, _direction);
        }
    }

    /// <summary>Stores the step from x to the next x, unless rounding hid its curvature.</summary>
    void Remember()
    {
        int slot = _remembered % Memory;
        TensorPrimitives.Subtract<double>(_nextX, _x, _steps[slot]);
        TensorPrimitives.Subtract<double>(_nextGradient, _gradient, _gradientChanges[slot]);
        double curvature = TensorPrimitives.Dot<double>(_steps[slot], _gradientChanges[slot]);
        if (curvature <= 0) return;
        _curvatures[slot] = curvature;
        _remembered++;
    }
}
