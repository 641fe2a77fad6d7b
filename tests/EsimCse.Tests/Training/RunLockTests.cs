using EsimCse.Core.Training;

namespace EsimCse.Tests.Training;

public sealed class RunLockTests : IDisposable
{
    readonly string _parent = Directory.CreateTempSubdirectory("esimcse-lock-").FullName;

    string Folder => Path.Combine(_parent, "new", "run");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void A_folder_is_locked_until_the_run_ends_and_nothing_stays_in_it()
    {
        using (RunLock first = new(Folder))
        {
            first.Take();
            first.Take();
            using RunLock second = new(Folder);
            string message = Assert.Throws<IOException>(second.Take).Message;
            Assert.StartsWith($"{Folder}: in use", message, StringComparison.Ordinal);
            Assert.Throws<IOException>(second.TakeIfFolderExists);
        }
        Assert.Empty(Directory.GetFileSystemEntries(Folder));
        using RunLock third = new(Folder);
        third.TakeIfFolderExists();
    }

    [Fact]
    public void The_second_run_does_not_remove_the_lock_of_the_first()
    {
        using RunLock first = new(Folder);
        first.Take();
        new RunLock(Folder).Dispose();
        Assert.Single(Directory.GetFiles(Folder));
        using RunLock second = new(Folder);
        Assert.Throws<IOException>(second.Take);
    }

    [Fact]
    public void A_missing_folder_is_not_created_before_the_run_is_certain()
    {
        using RunLock runLock = new(Folder);
        runLock.TakeIfFolderExists();
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void A_folder_that_vanishes_does_not_hide_the_error_of_the_run()
    {
        using RunLock runLock = new(Folder);
        runLock.Take();
        Directory.Delete(Folder, recursive: true);
    }
}
