namespace Skiff.SystemTests.Fixture;

/// <summary>Where the tests of this run live on disk, and where the binary under test is.</summary>
internal static class Workspace
{
    private static int s_next;

    /// <summary>The directory of this run; everything below it goes at the end of the run.</summary>
    public static string Base { get; } =
        Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"skiff-tests-{Environment.ProcessId}")).FullName;

    /// <summary>The root of the repository.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>The published program (SKIFF_BINARY names another one).</summary>
    public static string Binary { get; } =
        Environment.GetEnvironmentVariable("SKIFF_BINARY") ?? Path.Combine(Repository, "artifacts", "skiff");

    /// <summary>A fresh directory with a short name.</summary>
    public static string NewDirectory(string hint) =>
        Directory.CreateDirectory(Path.Combine(Base, $"{hint}{Interlocked.Increment(ref s_next)}")).FullName;

    private static string FindRepository()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Skiff.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }
        return directory ?? throw new InvalidOperationException("the tests must run from a build inside the repository");
    }
}
