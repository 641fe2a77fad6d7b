using EsimCse.Core.Text;

namespace EsimCse.Tests.Text;

public class IdBufferTests
{
    [Fact]
    public void Ids_stay_in_their_order_while_the_memory_grows()
    {
        IdBuffer ids = new(stackalloc int[3]);
        for (int id = 0; id < 100; id++) ids.Add(id);
        ids.AddRange([.. Enumerable.Range(100, 1000)]);
        Assert.Equal(Enumerable.Range(0, 1100), ids.Ids.ToArray());
        ids.RemoveRange(10, 1000);
        ids.Truncate(20);
        Assert.Equal([.. Enumerable.Range(0, 10), .. Enumerable.Range(1010, 10)], ids.Ids.ToArray());
        ids.Dispose();
        Assert.Equal(0, ids.Count);
    }
}
