using EsimCse.Cpu;

namespace EsimCse.Tests.Cpu;

public class ComputeThreadTests
{
    [Fact]
    public void Work_of_many_callers_runs_on_one_thread_one_piece_at_a_time()
    {
        using ComputeThread thread = new();
        HashSet<int> ids = [];
        int running = 0;
        int count = 0;
        Parallel.For(0, 200, _ => thread.Run(() =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            ids.Add(Environment.CurrentManagedThreadId);
            count++;
            Interlocked.Decrement(ref running);
        }));
        Assert.Equal(200, count);
        Assert.NotEqual(Environment.CurrentManagedThreadId, Assert.Single(ids));
    }

    [Fact]
    public void An_exception_is_the_callers_and_the_thread_goes_on()
    {
        using ComputeThread thread = new();
        Assert.Throws<DivideByZeroException>(() => thread.Run(() => throw new DivideByZeroException()));
        int value = 0;
        thread.Run(() => value = 1);
        Assert.Equal(1, value);
    }

    [Fact]
    public void Work_may_run_other_work()
    {
        using ComputeThread thread = new();
        int value = 0;
        thread.Run(() => thread.Run(() => value = 1));
        Assert.Equal(1, value);
    }
}
