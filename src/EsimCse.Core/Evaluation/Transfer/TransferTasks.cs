using EsimCse.Core.Files;

namespace EsimCse.Core.Evaluation.Transfer;

/// <summary>
/// The transfer tasks in a folder of SentEval's layout, which holds MR, CR, SUBJ, MPQA, SST/binary, TREC and MRPC, or
/// has a folder downstream that does.
/// </summary>
static class TransferTasks
{
    /// <summary>Name of the folder of the tasks in SentEval's data.</summary>
    const string Downstream = "downstream";

    static readonly TaskLayout[] Layouts =
    [
        new("mr", "MR", ["rt-polarity.pos", "rt-polarity.neg"], ReadClasses),
        new("cr", "CR", ["custrev.pos", "custrev.neg"], ReadClasses),
        new("subj", "SUBJ", ["subj.objective", "subj.subjective"], ReadClasses),
        new("mpqa", "MPQA", ["mpqa.pos", "mpqa.neg"], ReadClasses),
        new("sst2", "SST/binary", ["sentiment-train", "sentiment-dev", "sentiment-test"], ReadSentiment),
        new("trec", "TREC", ["train_5500.label", "TREC_10.label"], ReadQuestions),
        new("mrpc", "MRPC", ["msr_paraphrase_train.txt", "msr_paraphrase_test.txt"], ReadParaphrases),
    ];

    /// <summary>Reads the tasks that are present, in SentEval's order.</summary>
    /// <exception cref="InvalidInputException">
    /// No task is present, one lacks a file or has too few examples, or a line is not valid.
    /// </exception>
    public static IReadOnlyList<TransferTask> Read(string folder)
    {
        if (!Directory.Exists(folder)) throw new InvalidInputException($"{folder}: no such folder");
        string downstream = Path.Combine(folder, Downstream);
        string root = Directory.Exists(downstream) ? downstream : folder;
        TaskLayout[] present = [.. Layouts.Where(layout => Directory.Exists(Path.Combine(root, layout.Folder)))];
        if (present.Length == 0) throw NoTask(root);
        foreach (TaskLayout layout in present) RequireFiles(layout, root);
        return [.. present.Select(layout => layout.Read(layout.Name, Paths(layout, root)))];
    }

    static void RequireFiles(TaskLayout layout, string root)
    {
        string[] missing = [.. Paths(layout, root).Where(path => !InputFile.IsPresent(path))];
        if (missing.Length > 0)
            throw new InvalidInputException($"{string.Join(", ", missing)}: no such file: {layout.Name} is incomplete");
    }

    static string[] Paths(TaskLayout layout, string root) =>
        [.. layout.Files.Select(file => Path.Combine(root, layout.Folder, file))];

    /// <summary>Reads the files of two classes, whose examples are cross-validated.</summary>
    static TransferTask ReadClasses(string name, string[] paths)
    {
        LabeledText[][] classes = [.. paths.Select((path, i) => TransferFile.ReadSentences(path, i == 0 ? "1" : "0"))];
        for (int i = 0; i < paths.Length; i++)
            if (classes[i].Length < StratifiedFolds.Count) throw TooFew(paths[i], $"{classes[i].Length} examples");
        return new TransferTask(name, [.. classes.SelectMany(examples => examples)], [], []);
    }

    static TransferTask ReadSentiment(string name, string[] paths)
    {
        TransferTask task = new(
            name,
            TransferFile.ReadSentiment(paths[0]),
            TransferFile.ReadSentiment(paths[1]),
            TransferFile.ReadSentiment(paths[2]));
        RequireClasses(task.Train, paths[0], least: 1);
        RequireAny(task.Dev, paths[1]);
        RequireAny(task.Test, paths[2]);
        return task;
    }

    static TransferTask ReadQuestions(string name, string[] paths) =>
        ReadTrainTest(name, paths, TransferFile.ReadQuestions);

    static TransferTask ReadParaphrases(string name, string[] paths) =>
        ReadTrainTest(name, paths, TransferFile.ReadParaphrases);

    static TransferTask ReadTrainTest(string name, string[] paths, Func<string, LabeledText[]> read)
    {
        TransferTask task = new(name, read(paths[0]), [], read(paths[1]));
        RequireClasses(task.Train, paths[0], StratifiedFolds.Count);
        RequireAny(task.Test, paths[1]);
        return task;
    }

    /// <summary>Requires at least two classes, each with a number of examples.</summary>
    static void RequireClasses(LabeledText[] examples, string path, int least)
    {
        KeyValuePair<string, int>[] classes = [.. examples.CountBy(example => example.Label)];
        if (classes.Length < 2)
            throw new InvalidInputException($"{path}: found examples of {classes.Length} classes, expected at least 2");
        (string label, int count) = classes.MinBy(item => item.Value);
        if (count < least) throw TooFew(path, $"{count} examples of class {label}");
    }

    static void RequireAny(LabeledText[] examples, string path)
    {
        if (examples.Length == 0) throw new InvalidInputException($"{path}: found no examples, expected at least 1");
    }

    static InvalidInputException NoTask(string root)
    {
        string expected = string.Join(", ", Layouts.Select(layout => layout.Folder));
        return new($"{root}: found no transfer task, expected at least one of the folders {expected}");
    }

    static InvalidInputException TooFew(string path, string found) =>
        new($"{path}: found {found}, expected at least {StratifiedFolds.Count}, one for each fold");

    /// <summary>The name of a task, its folder and files, and the method that reads them.</summary>
    sealed record TaskLayout(
        string Name, string Folder, string[] Files, Func<string, string[], TransferTask> Read);
}
