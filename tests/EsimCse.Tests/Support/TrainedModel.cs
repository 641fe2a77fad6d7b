namespace EsimCse.Tests.Support;

/// <summary>
/// A <see cref="SmallModel"/> that was trained once for all tests of a class, which must not change its files.
/// </summary>
public sealed class TrainedModel : IDisposable
{
    readonly SmallModel _small = new();

    public TrainedModel()
    {
        SmallModel.Train(_small.Job("run"));
    }

    /// <summary>The trained model folder.</summary>
    public string Run => In("run");

    /// <summary>The folder of vocabulary, corpus and dev pairs, in which tests may create files of their own.</summary>
    public string Folder => _small.Folder;

    public string In(params string[] parts) => _small.In(parts);

    public void Dispose() => _small.Dispose();
}
