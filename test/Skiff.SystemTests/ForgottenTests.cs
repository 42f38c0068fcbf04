using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>A container whose store is deleted under it: nobody can ask for it any more, so its monitor must end by itself with it and leave nothing.</summary>
public sealed class ForgottenTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    [Theory]
    [InlineData("-d")] // its monitor sleeps
    [InlineData("-dit")]
    [InlineData("-dit --rm")]
    [InlineData("-d --rm -v /data")]
    [InlineData("-d --memory 50m")]
    [InlineData("-d --restart always")]
    [InlineData("-d --health-cmd true --health-interval 20ms")]
    [InlineData("-d --health-cmd false --health-interval 20ms --health-retries 1000 --restart always")]
    [InlineData("-d --log-opt max-size=20k --log-opt max-file=3 --log-opt compress=true", true)]
    public void A_monitor_ends_with_its_container_although_the_store_is_gone(string flags, bool loud = false)
    {
        string rootfs = Workspace.NewDirectory("forgotten");
        Directory.CreateDirectory(rootfs + "/bin");
        File.Copy("/bin/busybox", rootfs + "/bin/busybox");
        string command = loud ? "while true; do echo a line; done" : "exec /bin/busybox sleep 1000";
        foreach (bool all in (bool[])[true, false])
        {
            string store = Workspace.NewDirectory("store");
            string[] skiff = [.. host.Net.Prefix, Workspace.Binary, "--root", store + "/root", "--runroot", store + "/run"];
            string[] run = ["run", .. flags.Split(' '), "--network", "none", "--rootfs", rootfs, "/bin/busybox", "sh", "-c", command];
            string id = Tool.Run([.. skiff, .. run]).Text;
            int first = int.Parse(Tool.Run([.. skiff, "inspect", "-f", "{{.State.Pid}}", id]).Text, null);
            int monitor = ProcessTable.Parent(first);
            // While it is written to, a directory may get another file behind the back of whoever empties it.
            Wait.Until(
                () => Tool.Try("rm", "-rf", all ? store : store + "/root") is { ExitCode: 0 },
                20,
                () => "the store cannot be removed"
            );
            Assert.True(monitor > 1);
            _ = Native.kill(first, Native.SIGKILL);
            // The host's init may take its time to notice: dead is dead.
            Wait.Until(() => ProcessTable.IsDead(monitor), 10, () => $"the monitor {monitor} stays");
            Wait.Until(() => !Cgroups(id).Any(), 10, () => string.Join('\n', Cgroups(id)));
            Assert.Empty(ProcessTable.WithCommandLine(store + "/"));
        }
    }

    private static IEnumerable<string> Cgroups(string id) =>
        ((string[])["/sys/fs/cgroup", .. Directory.EnumerateDirectories("/sys/fs/cgroup")])
            .Select(h => $"{h}/skiff/{id}")
            .Where(Directory.Exists);
}
