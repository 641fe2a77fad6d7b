namespace EsimCse.Bench.Operations;

/// <summary>An operation at one size.</summary>
/// <param name="Name">The operation's name in the contract with a device.</param>
/// <param name="Sizes">The sizes.</param>
/// <param name="FloatingPointOperations">Multiplications and additions of products; 0 where there are none.</param>
/// <param name="Bytes">Bytes that are read and written at the least.</param>
/// <param name="Run">Starts it.</param>
public sealed record OperationCase(
    string Name, string Sizes, double FloatingPointOperations, double Bytes, Action Run)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Sizes}";
}
