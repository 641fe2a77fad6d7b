namespace EsimCse.Core.Backend;

/// <summary>The element-wise functions of <see cref="IBackend.ActivationForward"/>.</summary>
public enum Activation
{
    /// <summary>GELU in its exact form: x Φ(x), Φ(x) = ½ (1 + erf(x / √2)).</summary>
    Gelu,

    /// <summary>GELU in its tanh form: ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).</summary>
    GeluTanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>tanh x.</summary>
    Tanh,

    /// <summary>1 / (1 + exp(−x)).</summary>
    Sigmoid,
}
