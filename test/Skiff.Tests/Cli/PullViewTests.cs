using Skiff.Display;
using Skiff.Images;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class PullViewTests
{
    private static readonly Descriptor s_small = new(MediaTypes.OciConfig, Digest.Parse("sha256:" + new string('a', 64)), 1_000_000);
    private static readonly Descriptor s_big = new(MediaTypes.OciConfig, Digest.Parse("sha256:" + new string('b', 64)), 9_000_000);

    private static PullView View(params PullEvent[] events)
    {
        var view = new PullView();
        view.Take(
            new PullResolved(Reference.Parse("alpine"), s_small.Digest, s_big.Digest, new Platform("linux", "amd64"), [s_small, s_big])
        );
        foreach (PullEvent e in events)
        {
            view.Take(e);
        }
        return view;
    }

    [Fact]
    public void Every_layer_has_a_line_and_there_is_a_total_with_rate_and_remaining_time()
    {
        PullView view = View(new PullDownloaded(s_big, 0));
        _ = view.Render(TimeSpan.Zero, 100, 24);
        view.Take(new PullLayerExists(s_small));
        view.Take(new PullDownloaded(s_big, 4_500_000));
        IReadOnlyList<string> lines = view.Render(TimeSpan.FromSeconds(2), 100, 24);
        Assert.Equal("aaaaaaaaaaaa: Already exists", lines[0]);
        Assert.StartsWith("bbbbbbbbbbbb: Downloading  [=================>", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("4.5MB/9MB", lines[1], StringComparison.Ordinal);
        Assert.EndsWith("4.5MB/9MB  2.25MB/s  ETA 2.0s", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void What_an_earlier_pull_fetched_does_not_count_for_the_rate()
    {
        PullView view = View(new PullDownloaded(s_big, 8_000_000));
        _ = view.Render(TimeSpan.Zero, 100, 24);
        view.Take(new PullDownloaded(s_big, 8_100_000));
        Assert.Contains("  100kB/s", view.Render(TimeSpan.FromSeconds(1), 100, 24)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_finished_pull_shows_its_time() =>
        Assert.Equal(
            "Total: 10MB in 3.0s",
            View(new PullLayerDone(s_small), new PullLayerDone(s_big)).Render(TimeSpan.FromSeconds(3), 80, 24)[^1]
        );

    [Fact]
    public void A_retry_is_shown_until_bytes_come_again()
    {
        PullView view = View(new PullRetrying("the connection broke", TimeSpan.FromSeconds(1.2), 1));
        Assert.Equal("the connection broke; trying again in 2 s", view.Render(TimeSpan.Zero, 80, 24)[^1]);
        view.Take(new PullDownloaded(s_big, 5));
        Assert.StartsWith("Total:", view.Render(TimeSpan.Zero, 80, 24)[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60, "bbbbbbbbbbbb: Downloading  [====>   ]  4.5MB/9MB", "Total: 4.5MB/10MB  2.25MB/s  ETA 2.4s")]
    [InlineData(40, "bbbbbbbbbbbb: Downloading 4.5MB/9MB", "Total: 4.5MB/10MB  2.25MB/s  ETA 2.4s")]
    [InlineData(30, "bbbbbbbbbbbb: 4.5MB/9MB", "Total: 4.5MB/10MB  2.25MB/s")]
    [InlineData(20, "bbbbbbbbbbbb: 50%", "Total: 4.5MB/10MB")]
    [InlineData(12, "bbbbbbbbbb…", "Total: 45%")]
    public void Where_there_is_little_room_the_numbers_stay_and_the_bar_goes(int columns, string layer, string total)
    {
        PullView view = View(new PullDownloaded(s_big, 0));
        _ = view.Render(TimeSpan.Zero, columns, 24);
        view.Take(new PullDownloaded(s_big, 4_500_000));
        IReadOnlyList<string> lines = view.Render(TimeSpan.FromSeconds(2), columns, 24);
        Assert.Equal([layer, total], lines.Skip(1));
        Assert.All(lines, l => Assert.True(l.Length < columns, l));
    }

    [Fact]
    public void A_layer_that_an_earlier_pull_fetched_is_extracted_and_counts_for_no_rate()
    {
        PullView view = View(new PullDownloaded(s_small, 0));
        _ = view.Render(TimeSpan.Zero, 100, 24);
        view.Take(new PullUnpacked(s_big, 1));
        view.Take(new PullDownloaded(s_small, 100_000));
        Assert.Equal("bbbbbbbbbbbb: Extracting", view.Render(TimeSpan.FromSeconds(1), 100, 24)[1]);
        view.Take(new PullLayerDone(s_big));
        Assert.Contains("  50kB/s", view.Render(TimeSpan.FromSeconds(2), 100, 24)[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_wider_or_higher_than_the_terminal()
    {
        Descriptor[] layers = [.. Enumerable.Range(0, 40).Select(i => s_big with { Digest = Digest.Parse($"sha256:{i:x64}") })];
        var view = new PullView();
        view.Take(new PullResolved(Reference.Parse("alpine"), s_small.Digest, s_big.Digest, new Platform("linux", "amd64"), layers));
        foreach (Descriptor layer in layers)
        {
            view.Take(new PullDownloaded(layer, 4_000_000));
        }
        IReadOnlyList<string> lines = view.Render(TimeSpan.FromSeconds(1), 60, 10);
        Assert.True(lines.Count < 10);
        Assert.All(lines, l => Assert.True(l.Length < 60, l));
    }

    [Fact]
    public void Plain_progress_is_one_line_per_step()
    {
        var text = new System.Text.StringBuilder();
        var plain = new PlainPull(s => text.Append(s));
        plain.Report(
            new PullResolved(Reference.Parse("alpine:3"), s_small.Digest, s_big.Digest, new Platform("linux", "amd64"), [s_small, s_big])
        );
        plain.Report(new PullLayerExists(s_small));
        plain.Report(new PullDownloaded(s_big, 1));
        plain.Report(new PullDownloaded(s_big, 2));
        plain.Report(new PullDownloaded(s_big, 9_000_000));
        plain.Report(new PullLayerDone(s_big));
        Assert.Equal(
            "3: Pulling from docker.io/library/alpine\naaaaaaaaaaaa: Already exists\nbbbbbbbbbbbb: Pulling fs layer\nbbbbbbbbbbbb: Download complete\nbbbbbbbbbbbb: Pull complete\n",
            text.ToString()
        );
    }
}
