using Skiff.Images;
using Skiff.Images.Archives;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Store;

public sealed class ConfigChangesTests
{
    [Theory]
    [InlineData("HEALTHCHECK NONE", "NONE", 0, 0)]
    [InlineData("HEALTHCHECK CMD curl -f localhost", "CMD-SHELL|curl -f localhost", 0, 0)]
    [InlineData("HEALTHCHECK --interval=1m30s --retries=4 CMD [\"a\", \"b\"]", "CMD|a|b", 90_000_000_000, 4)]
    [InlineData("healthcheck --interval=1.5s cmd x", "CMD-SHELL|x", 1_500_000_000, 0)]
    public void A_health_check_is_read_as_in_a_Dockerfile(string change, string test, long interval, long retries)
    {
        Healthcheck check = ConfigChanges.Apply(new ImageConfig(), [change]).Healthcheck!;
        Assert.Equal((test, interval, retries), (string.Join('|', check.Test), check.Interval, check.Retries));
    }

    [Theory]
    [InlineData("HEALTHCHECK --interval=5 CMD x")]
    [InlineData("HEALTHCHECK --speed=5s CMD x")]
    [InlineData("HEALTHCHECK --retries=2 NONE")]
    [InlineData("HEALTHCHECK x")]
    [InlineData("HEALTHCHECK CMD")]
    public void A_wrong_health_check_is_refused(string change) =>
        Assert.Throws<SkiffException>(() => ConfigChanges.Apply(new ImageConfig(), [change]));

    [Fact]
    public void An_entry_point_drops_the_old_command_and_keeps_one_given_with_it()
    {
        ImageConfig old = new() { Cmd = ["old"] };
        Assert.Empty(ConfigChanges.Apply(old, ["ENTRYPOINT [\"e\"]"]).Cmd);
        Assert.Equal(["new"], ConfigChanges.Apply(old, ["CMD [\"new\"]", "ENTRYPOINT [\"e\"]"]).Cmd);
    }
}
