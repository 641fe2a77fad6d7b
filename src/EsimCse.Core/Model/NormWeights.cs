using EsimCse.Core.Backend;

namespace EsimCse.Core.Model;

/// <summary>γ and β of a layer normalisation.</summary>
/// <param name="Gamma">[1,H].</param>
/// <param name="Beta">[1,H].</param>
readonly record struct NormWeights(Matrix Gamma, Matrix Beta);
