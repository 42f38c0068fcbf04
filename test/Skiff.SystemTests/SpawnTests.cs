using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>The one way in which processes are started, under the load that breaks every other way in .NET.</summary>
public sealed class SpawnTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Fact]
    public void Two_thousand_processes_start_while_the_garbage_collector_runs()
    {
        string[] words = host.Run("__stress-spawn", "2000").Succeeded().Text.Split(' ');
        Assert.Equal("2000", words[0]);
        Assert.True(int.Parse(words[2]) > 100, $"only {words[2]} collections: no load at all");
        Assert.True(int.Parse(words[4]) > 0, "the thread of finalizers has not begun");
    }
}
