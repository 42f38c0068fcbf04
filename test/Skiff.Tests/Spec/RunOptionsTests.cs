using System.Text;
using System.Text.Json;
using CsCheck;
using Skiff.Engine.Spec;
using Xunit;

namespace Skiff.Tests.Spec;

public sealed class RunOptionsTests
{
    [Theory]
    [InlineData("80", "80")]
    [InlineData("8080:80", "8080:80")]
    [InlineData("8080:80/udp", "8080:80/udp")]
    [InlineData("8080:80/TCP", "8080:80")]
    [InlineData("127.0.0.1::80", "127.0.0.1::80")]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1:8080:80")]
    [InlineData("[::1]:80:80", "[::1]:80:80")]
    [InlineData("::1:80:80", "[::1]:80:80")]
    [InlineData("8000-8010:80-90/udp", "8000-8010:80-90/udp")]
    [InlineData("8000-9000:80", "8000-9000:80")]
    [InlineData("0:80", "80")]
    [InlineData(":80", "80")]
    [InlineData("::80", "80")]
    [InlineData("[]:8080:80", "8080:80")]
    [InlineData("8080:80/", "8080:80")]
    [InlineData("0.0.0.0::80/udp", "0.0.0.0::80/udp")]
    [InlineData("00080:80", "80:80")]
    [InlineData("published=8080,target=80,protocol=udp", "8080:80/udp")]
    public void Every_form_of_publish_is_read(string text, string canonical) =>
        Assert.Equal(canonical, PortGrammar.Format(PortGrammar.ParsePublish(text)));

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("8080:")]
    [InlineData("0")]
    [InlineData("65536")]
    [InlineData("8080:80/icmp")]
    [InlineData("1.2.3:80:80")]
    [InlineData("8000-8002:80-90")]
    [InlineData("90-80")]
    [InlineData("a:b")]
    [InlineData("80:80:80:80:80:x")]
    [InlineData("fe80::1%eth0:80:80")]
    [InlineData("8080:80/tcp/udp")]
    [InlineData("127.0.0.1:80")]
    [InlineData("localhost:80:80")]
    [InlineData("[::1:80:80")]
    [InlineData("+80:80")]
    [InlineData(" 80:80")]
    [InlineData("80-")]
    [InlineData("-1:80")]
    public void A_wrong_publish_is_refused_with_flag_and_value(string text)
    {
        string message = Options.Error("-p", text, "i");
        Assert.Contains("--publish", message, StringComparison.Ordinal);
        Assert.Contains($"\"{text}\"", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("80-")]
    public void A_wrong_expose_is_answered_with_its_own_form(string text) =>
        Assert.Contains("expected port[-end]", Options.Error("--expose", text, "i"), StringComparison.Ordinal);

    [Fact]
    public void Nothing_is_exposed_in_the_network_of_another_container() =>
        Assert.Contains("--expose", Options.Error("--network", "container:x", "--expose", "80", "i"), StringComparison.Ordinal);

    [Theory]
    [InlineData("64m", 67108864)]
    [InlineData("1.5g", 1610612736)]
    [InlineData("64MiB", 67108864)]
    [InlineData("512kb", 524288)]
    [InlineData("1048576", 1048576)]
    [InlineData("8 GB", 8589934592)]
    [InlineData("100b", 100)]
    public void Sizes_are_read_as_docker_reads_them(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long actual));
        Assert.Equal(bytes, actual);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("-1")]
    [InlineData("1x")]
    [InlineData("1bb")]
    [InlineData("1.2.3m")]
    [InlineData("9999999999g")]
    public void Wrong_sizes_are_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("1m30s", 90)]
    [InlineData("1.5h", 5400)]
    [InlineData("500ms", 0.5)]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    public void Durations_are_read_as_Go_reads_them(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("/data", "", "/data", MountType.Volume)]
    [InlineData("/data:ro", "", "/data", MountType.Volume)]
    [InlineData("vol:/data", "vol", "/data", MountType.Volume)]
    [InlineData("/src:/data:ro,z", "/src", "/data", MountType.Bind)]
    [InlineData("./src:/data/", "/home/me/src", "/data", MountType.Bind)]
    [InlineData("../x:/data", "/home/x", "/data", MountType.Bind)]
    [InlineData(".:/data", "/home/me", "/data", MountType.Bind)]
    public void Every_form_of_volume_is_read(string text, string source, string target, MountType type)
    {
        ContainerMount mount = MountGrammar.ParseVolume(text, "/home/me");
        Assert.Equal((source, target, type), (mount.Source, mount.Target, mount.Type));
    }

    [Theory]
    [InlineData("v", ":/a")]
    [InlineData("v", "/a:/")]
    [InlineData("v", "/a:b")]
    [InlineData("v", "x:/a")]
    [InlineData("v", "/a:/b:ro,rw")]
    [InlineData("v", "/a:/b:sparkling")]
    [InlineData("v", "/a:/b:nocopy")]
    [InlineData("v", "/a:/b:ro:z")]
    [InlineData("-mount", "type=bind,target=/a")]
    [InlineData("-mount", "type=bind,source=/a")]
    [InlineData("-mount", "type=volume,source=/a,target=/b")]
    [InlineData("-mount", "type=tmpfs,source=/a,target=/b")]
    [InlineData("-mount", "type=floppy,target=/b")]
    [InlineData("-mount", "target=/b,bind-propagation=shared")]
    [InlineData("-mount", "source=vol,target=/b,volume-subpath=../x")]
    [InlineData("-tmpfs", "run")]
    [InlineData("-tmpfs", "/run:colour=red")]
    [InlineData("-network", "name=")]
    [InlineData("-network", "alias=x")]
    [InlineData("-add-host", "x:1.2.3")]
    [InlineData("-ulimit", "nofile=2:1")]
    [InlineData("-ulimit", "files=1")]
    [InlineData("-restart", "always:3")]
    [InlineData("-memory", "5m")]
    [InlineData("-cpus", "0.001")]
    [InlineData("-cpus", "-1")]
    [InlineData("-cap-add", "SYS_WHATEVER")]
    [InlineData("-security-opt", "label=x")]
    [InlineData("-device-cgroup-rule", "c 1 rwm")]
    [InlineData("-workdir", "relative")]
    [InlineData("-name", "-x")]
    [InlineData("-stop-signal", "SIGWHAT")]
    [InlineData("-health-interval", "5")]
    [InlineData("-ipc", "container")]
    [InlineData("-mac-address", "93:d0:c6:0a:29:33")]
    [InlineData("-umask", "9")]
    [InlineData("-log-driver", "fluentd")]
    public void A_wrong_value_is_one_sentence_with_flag_and_value(string flag, string value)
    {
        string message = Options.Error("-" + flag, value, "i");
        Assert.StartsWith("invalid value \"", message, StringComparison.Ordinal);
        Assert.Contains(value, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_values_are_docker_s_defaults()
    {
        RunOptions options = Options.Parse(["--hostname=", "--domainname=", "--user=:5", "--link=db:", "--disable-content-trust", "img"]);
        Assert.Null(options.Hostname);
        Assert.Null(options.Domainname);
        Assert.Equal(":5", options.User);
        Assert.Equal("db", options.Links[0]);
    }

    /// <summary>A variable of a script that is not set: docker takes such a flag for one that was not given, also after a value.</summary>
    [Theory]
    [InlineData("name", "boat")]
    [InlineData("hostname", "boat")]
    [InlineData("domainname", "sea")]
    [InlineData("user", "5")]
    [InlineData("workdir", "/tmp")]
    [InlineData("cidfile", "/tmp/c")]
    [InlineData("pidfile", "/tmp/c")]
    [InlineData("stop-signal", "INT")]
    [InlineData("platform", "linux/arm64")]
    [InlineData("pull", "never")]
    [InlineData("log-driver", "none")]
    [InlineData("ip", "192.0.2.1")]
    [InlineData("ip6", "2001:db8::1")]
    [InlineData("mac-address", "92:d0:c6:0a:29:33")]
    [InlineData("cpuset-cpus", "0")]
    [InlineData("cpuset-mems", "0")]
    [InlineData("health-cmd", "true")]
    [InlineData("volume-driver", "local")]
    [InlineData("ipc", "host")]
    [InlineData("pid", "host")]
    [InlineData("uts", "host")]
    [InlineData("userns", "host")]
    [InlineData("cgroupns", "host")]
    [InlineData("cgroup-parent", "/boats")]
    [InlineData("restart", "always")]
    public void An_empty_word_takes_a_flag_back(string flag, string value)
    {
        RunOptions without = Options.Parse(["img"]);
        Assert.NotEqual(without, Options.Parse([$"--{flag}={value}", "img"]));
        Assert.Equal(without, Options.Parse([$"--{flag}=", "img"]));
        Assert.Equal(without, Options.Parse([$"--{flag}={value}", $"--{flag}=", "img"]));
    }

    [Fact]
    public void The_last_memory_for_a_path_counts()
    {
        ContainerMount mount = Assert.Single(Options.Parse(["--tmpfs=/t", "--tmpfs=/t:size=1m", "img"]).Mounts);
        Assert.Equal(Options.Parse(["--tmpfs=/t:size=1m", "img"]).Mounts[0], mount);
    }

    [Theory]
    [InlineData("--rm", "--restart=always")]
    [InlineData("-d", "-astdin")]
    [InlineData("--cpus=1", "--cpu-quota=5000")]
    [InlineData("--network=host", "--network=bridge")]
    [InlineData("--network=container:x", "-p80")]
    [InlineData("--network=none", "--ip=1.2.3.4")]
    [InlineData("--memory=64m", "--memory-swap=32m")]
    [InlineData("--memory-swap=32m", "-i")]
    [InlineData("-v/a:/b", "--tmpfs=/b")]
    [InlineData("--no-healthcheck", "--health-cmd=x")]
    [InlineData("--uts=host", "--hostname=x")]
    [InlineData("--memory-reservation=4k", "-i")]
    [InlineData("--health-cmd=x", "--health-interval=500us")]
    [InlineData("--health-cmd=x", "--health-timeout=-1s")]
    [InlineData("--mount=type=bind,source=/a,target=/b,bind-recursive=readonly", "-i")]
    [InlineData("--user=:", "-i")]
    [InlineData("--link=a:b:c", "-i")]
    [InlineData("--link=:b", "-i")]
    public void Flags_that_contradict_each_other_are_refused(string first, string second) =>
        Assert.NotEmpty(Options.Error(first, second, "i"));

    [Fact]
    public void RUN_07_Environment_entries_come_from_files_first_then_flags_and_the_last_wins()
    {
        // The test context answers a file's name as its content.
        RunOptions o = Options.Parse(
            "-e",
            "A=2",
            "--env-file",
            "A=1\n# note\n  B= x \nFROM_HOST\nUNSET\r\n",
            "-e",
            "FROM_HOST",
            "-e",
            "GONE",
            "-e",
            "EMPTY=",
            "-e",
            "LINES=a\nb",
            "i"
        );
        Assert.Equal(
            [new("A", "2"), new("B", " x "), new("FROM_HOST", "here"), new("GONE", null), new("EMPTY", ""), new("LINES", "a\nb")],
            (ValueList<EnvironmentEntry>)o.Environment
        );
    }

    [Fact]
    public void Everything_after_the_image_belongs_to_the_command() =>
        Assert.Equal(["ls", "-l", "--rm"], Options.Parse("-it", "alpine", "ls", "-l", "--rm").Arguments);

    [Fact]
    public void The_single_network_flags_belong_to_the_first_network()
    {
        NetworkAttachment network = Options.Parse("--net", "front", "--ip", "10.0.0.9", "--network-alias", "web", "i").Networks[0];
        Assert.Equal(("front", "10.0.0.9", "web"), (network.Target, network.Ip4, network.Aliases[0]));
    }

    [Fact]
    public void Options_come_back_equal_from_their_command_line_and_from_JSON()
    {
        OptionSamples.Words.Sample(
            words =>
            {
                RunOptions o = Options.Parse([.. words, "alpine", "sh", "-c", "it's $HOME"]);
                Assert.Equal(o, Options.Parse([.. RunOptionsText.ToWords(o)]));
                using MemoryStream buffer = new();
                using (Utf8JsonWriter writer = new(buffer))
                {
                    RunOptionsJson.Write(writer, o);
                }
                Utf8JsonReader reader = new(buffer.ToArray());
                reader.Read();
                Assert.Equal(o, RunOptionsJson.Read(ref reader));
            },
            iter: 300,
            threads: 1
        );
    }

    [Fact]
    public void Every_sample_flag_alone_comes_back_equal()
    {
        foreach (string word in OptionSamples.All)
        {
            RunOptions o = Options.Parse(word, "alpine");
            Assert.Equal(o, Options.Parse([.. RunOptionsText.ToWords(o)]));
            Assert.True(word is "--pull=missing" or "--sig-proxy=true" || o != Options.Parse("alpine"), word);
        }
    }

    [Fact]
    public void A_command_line_is_quoted_for_the_shell()
    {
        RunOptions o = Options.Parse("-e", "A=it's", "--entrypoint=", "--memory-swap", "-1", "-m", "64m", "-it", "alpine", "echo", "a b");
        Assert.Equal(
            "skiff run --interactive --tty --env 'A=it'\\''s' --entrypoint= --memory 64m --memory-swap=-1 alpine echo 'a b'",
            RunOptionsText.ToCommandLine(o)
        );
    }

    [Fact]
    public void A_label_file_gives_names_without_value_an_empty_one()
    {
        IReadOnlyList<NameValue> labels = KeyValueFile.Parse("label-file", "f", Encoding.UTF8.GetBytes("\uFEFFa=1\nb\n"), static _ => "");
        Assert.Equal([new("a", "1"), new("b", "")], labels);
    }

    [Theory]
    [InlineData("TERM", 15)]
    [InlineData("sigkill", 9)]
    [InlineData("9", 9)]
    [InlineData("SIGRTMIN+3", 37)]
    [InlineData("RTMAX-1", 63)]
    [InlineData("SIGRTMIN", 34)]
    public void RUN_13_Signals_are_read_by_name_and_number(string text, int number)
    {
        Assert.True(SignalName.TryParse(text, out int actual));
        Assert.Equal(number, actual);
        Assert.True(SignalName.TryParse(SignalName.Format(actual), out int again));
        Assert.Equal(number, again);
    }
}
