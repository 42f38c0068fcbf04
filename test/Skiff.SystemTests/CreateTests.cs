using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>create: what it refuses, and with which exit code.</summary>
public sealed class CreateTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    /// <summary>docker: a flag that the client cannot read ends with 125; what the daemon refuses ends create with 1, and run with 125.</summary>
    [Theory]
    [InlineData(125, "--nosuch")]
    [InlineData(125, "-m abc")]
    [InlineData(125, "-p x")]
    [InlineData(125, "--cpu-period x")]
    [InlineData(125, "--pull sometimes")]
    [InlineData(125, "--rm --restart always")]
    [InlineData(1, "--name a")]
    [InlineData(1, "--name taken")]
    [InlineData(1, "--restart sometimes")]
    [InlineData(1, "--cap-add NOSUCH")]
    [InlineData(1, "-m 1")]
    [InlineData(1, "--cpu-period 1")]
    [InlineData(1, "-w relative")]
    [InlineData(1, "--stop-signal NOSUCH")]
    [InlineData(1, "--log-driver nosuch")]
    [InlineData(1, "-v /a:/b:nosuch")]
    [InlineData(1, "--volumes-from nosuch")]
    [InlineData(1, "--ipc container:nosuch")]
    [InlineData(1, "--network nosuch")]
    [InlineData(1, "--pull never nosuch:1")]
    public void What_is_refused_ends_create_with_dockers_code_and_run_with_125(int code, string flags)
    {
        _ = host.Run("create", "--name", "taken", "--network", "none", Busybox, "true");
        string[] before = host.Run("ps", "-aq").Succeeded().Lines;
        string[] words = [.. flags.Split(' '), Busybox, "true"];
        host.Run(["create", .. words]).ExitedWith(code).Complained("skiff: ");
        host.Run(["run", .. words]).ExitedWith(125).Complained("skiff: ");
        Assert.Equal(before, host.Run("ps", "-aq").Succeeded().Lines);
    }
}
