using System.Globalization;

namespace EsimCse.Core.Training;

/// <summary>The names of TensorBoard's event files in a run's folder: each start of the run has a file.</summary>
static class EventFolder
{
    /// <summary>Name of the folder in a run's folder.</summary>
    public const string Name = "tensorboard";

    // TensorBoard reads the files with this prefix one after the other, in the order of their names.
    const string Prefix = "events.out.tfevents.", Suffix = ".esimcse";

    /// <summary>Returns the path of the file that begins with a step.</summary>
    public static string PathOf(string output, int firstStep)
    {
        string step = firstStep.ToString("D10", CultureInfo.InvariantCulture);
        return Path.Combine(output, Name, Prefix + step + Suffix);
    }

    /// <summary>Returns our event files in a run's folder and the steps they begin with, in order.</summary>
    public static IReadOnlyList<(int FirstStep, string Path)> Files(string output)
    {
        string folder = Path.Combine(output, Name);
        if (!Directory.Exists(folder)) return [];
        List<(int, string)> files = [];
        foreach (string path in Directory.GetFiles(folder, Prefix + "*" + Suffix).Order(StringComparer.Ordinal))
        {
            string digits = Path.GetFileName(path)[Prefix.Length..^Suffix.Length];
            if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int step))
                files.Add((step, path));
        }
        return files;
    }

    /// <summary>Deletes our event files, those of an earlier run.</summary>
    public static void DeleteFrom(string output)
    {
        foreach ((_, string path) in Files(output)) File.Delete(path);
    }
}
