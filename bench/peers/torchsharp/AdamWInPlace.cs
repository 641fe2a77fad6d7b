using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace EsimCse.Peers.TorchSharp;

/// <summary>AdamW without weight decay, out of libtorch's operations in place.</summary>
sealed class AdamWInPlace : IDisposable
{
    const double Beta1 = 0.9;
    const double Beta2 = 0.999;
    const double Epsilon = 1e-8;

    readonly List<(Parameter Parameter, Tensor M, Tensor V, Tensor Scratch)> _states;
    int _step;

    public AdamWInPlace(IEnumerable<Parameter> parameters)
    {
        using var noGradient = no_grad();
        _states = [.. parameters.Select(parameter => (parameter, New(parameter), New(parameter), New(parameter)))];
    }

    /// <summary>Updates the parameters from their gradients times a factor.</summary>
    public void Step(double learningRate, double gradientScale)
    {
        using var noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        _step++;
        // Named variables: libtorch may read a temporary Scalar after it was finalised.
        using Scalar scale = gradientScale;
        using Scalar beta1 = Beta1;
        using Scalar rest1 = 1 - Beta1;
        using Scalar beta2 = Beta2;
        using Scalar rest2 = 1 - Beta2;
        using Scalar epsilon = Epsilon;
        using Scalar correction = 1 / Math.Sqrt(1 - Math.Pow(Beta2, _step));
        using Scalar rate = -learningRate / (1 - Math.Pow(Beta1, _step));
        foreach ((Parameter parameter, Tensor m, Tensor v, Tensor scratch) in _states)
        {
            Tensor gradient = parameter.grad!;
            if (gradientScale != 1) gradient.mul_(scale);
            m.mul_(beta1).add_(gradient, rest1);
            v.mul_(beta2).addcmul_(gradient, gradient, rest2);
            scratch.copy_(v).sqrt_().mul_(correction).add_(epsilon);
            parameter.addcdiv_(m, scratch, rate);
        }
    }

    public void Dispose()
    {
        foreach ((_, Tensor m, Tensor v, Tensor scratch) in _states)
        {
            m.Dispose();
            v.Dispose();
            scratch.Dispose();
        }
    }

    static Tensor New(Parameter parameter) => zeros_like(parameter).DetachFromDisposeScope();
}
