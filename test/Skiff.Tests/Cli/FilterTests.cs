using Skiff.Commands;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Cli;

public sealed class FilterTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("alpine*", "alpine:3.20", true)]
    [InlineData("*", "a/b", false)]
    [InlineData("*/b", "a/b", true)]
    [InlineData("bus?box", "busybox", true)]
    [InlineData("[a-c]lpine", "alpine", true)]
    [InlineData("[^a-c]lpine", "alpine", false)]
    [InlineData("[a", "a", false)]
    [InlineData("a\\*", "a*", true)]
    [InlineData("a\\*", "ab", false)]
    [InlineData("*a*b*", "xxaxxbxx", true)]
    [InlineData("", "", true)]
    public void Patterns_are_those_of_path_Match(string pattern, string text, bool fits) => Assert.Equal(fits, Glob.Matches(pattern, text));

    [Theory]
    [InlineData("24h", "2026-11-24T12:00:00Z")]
    [InlineData("1764072000", "2025-11-25T12:00:00Z")]
    [InlineData("1764072000.5", "2025-11-25T12:00:00.5Z")]
    [InlineData("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z")]
    [InlineData("2026-01-31T12:00:00.25+02:00", "2026-01-31T10:00:00.25Z")]
    public void Moments_are_durations_dates_or_seconds(string text, string expected) =>
        Assert.Equal(
            DateTimeOffset.Parse(expected, System.Globalization.CultureInfo.InvariantCulture),
            TimeArgument.Parse(text, s_now, "--until")
        );

    [Fact]
    public void A_wrong_moment_names_the_flag() =>
        Assert.StartsWith(
            "--until: \"yesterdayish\" is no time",
            Assert.Throws<SkiffException>(() => TimeArgument.Parse("yesterdayish", s_now, "--until")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Unknown_filters_are_refused_with_the_nearest() =>
        Assert.EndsWith(
            "did you mean label?",
            Assert.Throws<SkiffException>(() => Filters.Parse(["lable=x"], "label", "until")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_filter_without_a_value_is_refused() => Assert.Throws<SkiffException>(() => Filters.Parse(["label"], "label"));

    [Fact]
    public void Labels_must_all_match_by_name_or_by_value()
    {
        var labels = new Dictionary<string, string> { ["a"] = "1", ["b"] = "" };
        Assert.True(Filters.Parse(["label=a", "label=b="], "label").LabelsMatch(labels));
        Assert.True(Filters.Parse(["label=a=1"], "label").LabelsMatch(labels));
        Assert.False(Filters.Parse(["label=a=1", "label=c"], "label").LabelsMatch(labels));
        Assert.False(Filters.Parse(["label=a=2"], "label").LabelsMatch(labels));
    }

    [Fact]
    public void The_filter_label_not_has_an_exclamation_mark() =>
        Assert.Equal([("keep", "1")], Filters.Parse(["label!=keep=1"], "label", "label!").Labels("label!"));
}
