using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>What is executed, as whom, where and with which environment.</summary>
public sealed class RunCommandTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private static readonly TestImage s_entry = new(
        "entry",
        "1",
        () =>
            new ImageBuilder()
                .Layer(TestImages.BusyboxFiles)
                .Set("Entrypoint", TestImages.Words("echo", "E"))
                .Set("Cmd", TestImages.Words("C"))
                .Set("Env", TestImages.Words("PATH=/bin", "FOO=image", "BARE"))
                .Build()
    );

    private static readonly TestImage s_empty = new("empty", "1", () => new ImageBuilder().Layer(TestImages.BusyboxFiles).Build());

    private static readonly TestImage s_scratch = new(
        "scratch",
        "1",
        () =>
            new ImageBuilder()
                .Layer(w =>
                {
                    w.File("bin/busybox", File.ReadAllBytes("/bin/busybox"), 0x1ED);
                    w.Symlink("bin/sh", "busybox");
                    w.Symlink("bin/id", "busybox");
                })
                .Build()
    );

    private CommandResult Run(params string[] words) => host.Run(["run", "--rm", "--network", "none", .. words]);

    [Fact]
    public void RUN_01_The_users_words_replace_Cmd_and_an_entrypoint_drops_it()
    {
        string image = host.Image(s_entry);
        Assert.Equal("E C", Run(image).Succeeded().Text);
        Assert.Equal("E x y", Run(image, "x", "y").Succeeded().Text);
        Assert.Equal("", Run("--entrypoint", "echo", image).Succeeded().Text);
        Assert.Equal("z", Run("--entrypoint", "echo", image, "z").Succeeded().Text);
        Assert.Equal("w", Run("--entrypoint", "", image, "echo", "w").Succeeded().Text);
    }

    [Fact]
    public void RUN_01_An_image_without_a_command_is_named_in_the_error() => Run(host.Image(s_empty)).ExitedWith(125).Complained("empty");

    [Fact]
    public void RUN_01_A_command_without_a_name_is_not_found_rather_than_the_images()
    {
        string image = host.Image(s_entry);
        Run("--entrypoint", "", image, "").ExitedWith(127).Complained("empty");
        Run("--entrypoint", "", image, "", "x").ExitedWith(127).Complained("empty");
        Assert.Equal("E ", Run(image, "").Succeeded().Text);
    }

    [Theory]
    [InlineData("sailor", "1000 1000 1000 1001 1002")]
    [InlineData("1000", "1000 1000 1000 1001 1002")]
    [InlineData("1000:1002", "1000 1002 1002")]
    [InlineData("sailor:crew", "1000 1001 1001")]
    [InlineData("4242", "4242 0 0")]
    [InlineData("root", "0 0 0 1002")]
    public void RUN_02_A_user_is_found_by_name_and_number(string user, string expected) =>
        Assert.Equal(expected, host.RunShell("echo $(id -u) $(id -g) $(id -G)", "-u", user).Succeeded().Text);

    [Fact]
    public void RUN_02_An_unknown_name_is_refused() => host.RunShell("id", "-u", "nobody-here").ExitedWith(125).Complained("nobody-here");

    [Fact]
    public void RUN_04_Without_passwd_a_number_works_and_a_name_does_not()
    {
        string image = host.Image(s_scratch);
        Assert.Equal("1234", Run("-u", "1234", image, "id", "-u").Succeeded().Text);
        Run("-u", "sailor", image, "id", "-u").ExitedWith(125).Complained("sailor");
    }

    [Theory]
    [InlineData("/root")]
    [InlineData("/home/sailor", "-u", "sailor")]
    [InlineData("/home/sailor", "-u", "sailor", "-e", "HOME=")]
    [InlineData("/", "-u", "4242")]
    [InlineData("/elsewhere", "-e", "HOME=/elsewhere")]
    public void RUN_06_Home_is_that_of_passwd_and_appears_once(string expected, params string[] flags) =>
        Assert.Equal($"HOME={expected}", host.RunShell("cat /proc/self/environ | tr '\\0' '\\n' | grep ^HOME=", flags).Succeeded().Text);

    [Fact]
    public void RUN_07_Environment_variables_come_from_image_host_and_flags()
    {
        string image = host.Image(s_entry);
        string Show(string? value, params string[] flags)
        {
            var environment = new Dictionary<string, string?>(StringComparer.Ordinal);
            if (value is not null)
            {
                environment["FOO"] = value;
            }
            using RunningCommand running = host.Start(
                environment,
                ["run", "--rm", "--network", "none", "--entrypoint", "sh", .. flags, image, "-c", "echo \"${FOO-unset}\""]
            );
            running.CloseInput();
            return running.WaitForExit().Succeeded().Text;
        }
        Assert.Equal("image", Show("host"));
        Assert.Equal("host", Show("host", "-e", "FOO"));
        Assert.Equal("unset", Show(null, "-e", "FOO"));
        Assert.Equal("", Show("host", "-e", "FOO="));
        Assert.Equal("two", Show("host", "-e", "FOO=one", "-e", "FOO=two"));
        Assert.Equal("a\nb", Show("host", "-e", "FOO=a\nb"));
    }

    [Fact]
    public void RUN_08_Exit_codes_tell_missing_from_not_executable_from_our_own_failure()
    {
        string image = host.Image(TestImages.Busybox);
        Assert.Equal(7, Run(image, "sh", "-c", "exit 7").ExitCode);
        Run(image, "no-such-program").ExitedWith(127).Complained("no-such-program");
        Run(image, "/no/such/path").ExitedWith(127);
        Run(image, "/etc").ExitedWith(126);
        Run(image, "/etc/passwd").ExitedWith(126);
        Run().ExitedWith(1).Complained("needs an image");
        host.Run("create").ExitedWith(1).Complained("needs an image");
        Run("--no-such-flag", image, "true").ExitedWith(125);
        Run("--ulimit", "nofile=zero", image, "true").ExitedWith(125);
        Run("127.0.0.1:5000/no/such:image", "true").ExitedWith(125).Complained("no/such");
    }

    [Fact]
    public void Process_1_of_init_says_what_it_is_and_changes_nothing_for_the_command()
    {
        const string Look = "tr '\\0' ' ' </proc/1/cmdline; echo; cat /proc/1/comm; tr '\\0' '\\n' </proc/$$/environ | sort; echo $0 $1";
        string image = host.Image(TestImages.Busybox);
        string[] words = ["sh", "-c", Look, "zero", "one"];
        string[] with = host.Run(["run", "--rm", "--network", "none", "--init", "-h", "box", image, .. words]).Succeeded().Text.Split('\n');
        string[] without = host.Run(["run", "--rm", "--network", "none", "-h", "box", image, .. words]).Succeeded().Text.Split('\n');
        Assert.Equal($"skiff-init -- {string.Join(' ', words)}", with[0].TrimEnd());
        Assert.Equal("skiff-init", with[1]);
        Assert.Equal(without[2..], with[2..]);
    }

    [Fact]
    public void RUN_08_A_command_killed_by_a_signal_gives_128_plus_its_number()
    {
        string probe = Probe.Compile("int main(void) { *(volatile int *)0 = 1; return 0; }");
        host.Run(["run", "--rm", "--network", "none", .. Probe.Mounted(probe), host.Image(TestImages.Busybox), "/probe"]).ExitedWith(139);
        host.RunShell("kill -TERM $$; sleep 5", "--init").ExitedWith(143);
    }

    [Fact]
    public void RUN_08_The_command_is_looked_up_with_the_containers_own_path()
    {
        Assert.Equal("found", host.RunShell("tool", "-e", "PATH=/opt:/bin", "-v", $"{Script("echo found")}:/opt").Succeeded().Text);
        Run("-e", "PATH=/nowhere", host.Image(TestImages.Busybox), "true").ExitedWith(127);
    }

    [Theory]
    [InlineData("#!/bin/no-such-shell\n", "no-such-shell")]
    [InlineData("#!/bin/sh\r\necho x\r\n", "carriage return")]
    [InlineData("\u007fELF-but-not-really", "")]
    public void RUN_08_When_exec_fails_the_file_is_looked_at(string content, string word)
    {
        string directory = Workspace.NewDirectory("exec");
        File.WriteAllText($"{directory}/tool", content);
        File.SetUnixFileMode($"{directory}/tool", (UnixFileMode)0x1ED);
        CommandResult result = Run("-v", $"{directory}:/opt", host.Image(TestImages.Busybox), "/opt/tool");
        Assert.True(result.ExitCode is 126 or 127, result.ToString());
        result.Complained(word);
    }

    [Fact]
    public void RUN_10_A_missing_working_directory_is_made_and_a_relative_one_refused()
    {
        Assert.Equal("/new/deep 755 0", host.RunShell("echo $(pwd) $(stat -c '%a %u' .)", "-w", "/new/deep").Succeeded().Text);
        host.RunShell("pwd", "-w", "relative/path").ExitedWith(125);
        Assert.Equal("/home/sailor", host.RunShell("pwd", "-u", "sailor", "-w", "/home/sailor").Succeeded().Text);
        Assert.Equal("here", host.RunShell("echo here", "-u", "sailor", "-w", "/root").Succeeded().Text);
    }

    private static string Script(string line)
    {
        string directory = Workspace.NewDirectory("tools");
        File.WriteAllText($"{directory}/tool", $"#!/bin/sh\n{line}\n");
        File.SetUnixFileMode($"{directory}/tool", (UnixFileMode)0x1ED);
        return directory;
    }
}
