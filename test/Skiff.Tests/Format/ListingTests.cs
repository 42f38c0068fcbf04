using System.Text;
using Skiff.Display;
using Skiff.Format;
using Xunit;

namespace Skiff.Tests.Format;

public sealed class ListingTests
{
    private static readonly Listing s_listing = new(
        "{{.ID}}\\t{{.Repository}}\\t{{.Size}}",
        ("ID", "IMAGE ID"),
        ("Repository", "REPOSITORY"),
        ("Size", "SIZE")
    );

    private static readonly Value[] s_rows =
    [
        Value.Row(
            new Dictionary<string, string> { ["com.example.tier-name"] = "front" },
            ("Repository", Value.Of("alpine")),
            ("ID", Value.Of("0123456789ab")),
            ("Size", Value.Of("7.8MB"))
        ),
        Value.Row(null, ("Repository", Value.Of("a/much/longer/name")), ("ID", Value.Of("ab")), ("Size", Value.Of("1GB"))),
    ];

    private static string Run(string? format, bool quiet = false, bool empty = false)
    {
        var text = new StringBuilder();
        s_listing.Write(new Output(text, new StringBuilder()), format, empty ? [] : s_rows, quiet);
        return text.ToString();
    }

    [Fact]
    public void The_default_table_has_dockers_columns() =>
        Assert.Equal(
            "IMAGE ID       REPOSITORY           SIZE\n0123456789ab   alpine               7.8MB\nab             a/much/longer/name   1GB\n",
            Run(null)
        );

    [Fact]
    public void A_table_template_gets_its_titles() =>
        Assert.Equal(
            "REPOSITORY           SIZE\nALPINE               7.8MB\nA/MUCH/LONGER/NAME   1GB\n",
            Run("table {{upper .Repository}}\\t{{.Size}}")
        );

    [Fact]
    public void A_table_without_rows_is_its_header() => Assert.Equal("IMAGE ID   REPOSITORY   SIZE\n", Run("table", empty: true));

    [Fact]
    public void Json_is_one_object_a_line_with_sorted_keys() =>
        Assert.StartsWith(
            "{\"ID\":\"0123456789ab\",\"Repository\":\"alpine\",\"Size\":\"7.8MB\"}\n{",
            Run("json"),
            StringComparison.Ordinal
        );

    [Fact]
    public void Json_of_the_dot_is_the_same() => Assert.Equal(Run("json"), Run("{{json .}}"));

    [Fact]
    public void Quiet_prints_ids() => Assert.Equal("0123456789ab\nab\n", Run(null, quiet: true));

    [Fact]
    public void A_template_without_table_has_no_header() =>
        Assert.Equal("0123456789ab: alpine\nab: a/much/longer/name\n", Run("{{.ID}}: {{.Repository}}"));

    [Fact]
    public void The_method_Label_answers_one_label_and_titles_its_column() =>
        Assert.Equal(
            "tier name   IMAGE ID\nfront       0123456789ab\n            ab\n",
            Run("table {{.Label \"com.example.tier-name\"}}\\t{{.ID}}")
        );

    [Theory]
    [InlineData(0, "0B")]
    [InlineData(999, "999B")]
    [InlineData(1023, "1.023kB")]
    [InlineData(7_812_345, "7.812MB")]
    [InlineData(1_000_000_000, "1GB")]
    public void Sizes(long bytes, string text) => Assert.Equal(text, Human.Size(bytes));

    [Theory]
    [InlineData(0.3, "Less than a second")]
    [InlineData(59, "59 seconds")]
    [InlineData(61, "About a minute")]
    [InlineData(3599, "59 minutes")]
    [InlineData(3600, "About an hour")]
    [InlineData(3600 * 47, "47 hours")]
    [InlineData(3600 * 24 * 10, "10 days")]
    [InlineData(3600 * 24 * 30, "4 weeks")]
    [InlineData(3600 * 24 * 100, "3 months")]
    [InlineData(3600.0 * 24 * 800, "2 years")]
    public void Durations(double seconds, string text) => Assert.Equal(text, Human.Duration(TimeSpan.FromSeconds(seconds)));
}
