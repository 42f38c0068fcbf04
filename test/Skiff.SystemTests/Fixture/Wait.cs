using System.Diagnostics;
using Xunit;

namespace Skiff.SystemTests.Fixture;

/// <summary>Waiting for something to become true, with a time limit and words for when it does not.</summary>
internal static class Wait
{
    /// <summary>Polls until <paramref name="condition"/> holds; fails the test after the time limit.</summary>
    public static void Until(Func<bool> condition, int seconds, Func<string> complaint)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start).TotalSeconds > seconds)
            {
                Assert.Fail($"after {seconds} s: {complaint()}");
            }
            Thread.Sleep(5);
        }
    }
}
