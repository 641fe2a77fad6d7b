using EsimCse.Core.Files;

namespace EsimCse.Core.Text.Normalizers;

/// <summary>Normalizers, one after the other.</summary>
sealed class NormalizerSequence(Normalizer[] steps) : Normalizer
{
    public static readonly SettingKeys Keys = new() { Honoured = ["type", "normalizers"], IsClosed = true };

    public override IEnumerable<Normalizer> Steps => steps.SelectMany(step => step.Steps);

    public static NormalizerSequence Read(JsonSettings json) => new(ReadList(json, "normalizers"));

    public override string Apply(string text) => steps.Aggregate(text, (done, step) => step.Apply(done));
}
