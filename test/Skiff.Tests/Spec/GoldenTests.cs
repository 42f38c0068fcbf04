using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skiff.Engine.Spec;
using Skiff.Images;
using Xunit;

namespace Skiff.Tests.Spec;

/// <summary>Whole config.json files beside this source; <c>SKIFF_UPDATE_GOLDENS=1</c> writes them anew, and the change is reviewed like code.</summary>
public sealed class GoldenTests
{
    private static readonly JsonSerializerOptions s_pretty = new() { WriteIndented = true };

    [Theory]
    [InlineData("plain", "alpine")]
    [InlineData("limits", "-it -u 5:6 -m 64m --cpus 1.5 --ulimit nofile=1024 --read-only --tmpfs /tmp:size=8m -v /src:/data:ro alpine")]
    [InlineData(
        "host",
        "--network host --pid host --ipc host --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp=unconfined alpine"
    )]
    [InlineData("privileged", "--privileged --init --hostname box alpine")]
    public void The_spec_of_a_command_line_is_the_reviewed_one(string name, string line)
    {
        SpecContext context = new()
        {
            Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            RootPath = "/var/lib/skiff/containers/0123/rootfs",
            Image = new ImageConfig { Cmd = ["/bin/sh"], Env = ["PATH=/usr/bin:/bin"] },
            ResolvConf = "/run/skiff/0123/resolv.conf",
            Hosts = "/run/skiff/0123/hosts",
            HostnameFile = "/run/skiff/0123/hostname",
            Host = new HostFacts
            {
                Hostname = "machine",
                FindDevice = static _ => null,
                ListDevices = static _ => [],
            },
        };
        RuntimeSpec spec = SpecBuilder.Build(Options.Parse(line.Split(' ')), context).Spec;
        JsonNode document = JsonNode.Parse(RuntimeSpecWriter.ToBytes(spec).Span)!;
        // WrittenProfileTests look at the rules of the filter.
        if (document["linux"]!["seccomp"] is { } seccomp)
        {
            seccomp["syscalls"] = $"{seccomp["syscalls"]!.AsArray().Count} rules";
        }
        string actual = document.ToJsonString(s_pretty) + "\n";
        string path = Path.Combine(Path.GetDirectoryName(Here())!, "Goldens", name + ".json");
        if (Environment.GetEnvironmentVariable("SKIFF_UPDATE_GOLDENS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual, new UTF8Encoding(false));
        }
        Assert.Equal(File.ReadAllText(path), actual);
    }

    [Theory]
    [InlineData("me:100000:65536", 1000u, "me", 100000u)]
    [InlineData("1000:5:7", 1000u, null, 5u)]
    [InlineData("x:1:1\nroot:9:9\ncontainers:3:3", 0u, "root", 9u)]
    [InlineData("containers:3:3", 0u, "root", 3u)]
    public void The_first_range_of_a_user_is_found(string text, uint uid, string? name, uint first) =>
        Assert.Equal(first, HostFacts.ParseRange(text, uid, name)!.Value.HostId);

    [Theory]
    [InlineData("0-7\n", 8)]
    [InlineData("0", 1)]
    [InlineData("0,2-3", 4)]
    [InlineData(null, 1)]
    public void Processors_are_counted_from_the_kernels_list(string? list, int count) => Assert.Equal(count, HostFacts.Count(list));

    [Fact]
    public void The_bounding_set_is_read_from_status() =>
        Assert.Equal(11, HostFacts.Bounding("Name:\tx\nCapBnd:\t00000000800405fb\nCapAmb:\t0\n").Size);

    private static string Here([CallerFilePath] string path = "") => path;
}
