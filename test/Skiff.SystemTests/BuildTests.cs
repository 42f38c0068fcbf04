using System.Text;
using System.Text.RegularExpressions;
using Skiff.SystemTests.Fixture;
using Xunit;

namespace Skiff.SystemTests;

/// <summary>build: images from Dockerfiles.</summary>
public sealed partial class BuildTests(SkiffHost host) : IClassFixture<SkiffHost>
{
    private string Busybox => host.Image(TestImages.Busybox);

    [Fact]
    public void Stages_args_and_the_cache_work_together_and_nothing_is_left()
    {
        string context = Context(
            ("a.txt", "x\n"),
            (
                "Dockerfile",
                $"""
                ARG BASE={Busybox}
                FROM $BASE AS builder
                ARG WHO=world
                ENV GREETING="hello $WHO"
                WORKDIR /src
                COPY . .
                RUN echo "$GREETING" >out && cat a.txt
                FROM $BASE AS unused
                RUN exit 1
                FROM $BASE
                LABEL kind=test
                COPY --from=builder /src/out /data/
                RUN mv /data/out /data/moved && rm /bin/zcat
                CMD ["cat", "/data/moved"]
                """
            )
        );
        string first = Build(context, "-t", "stages:1").Succeeded().Error;
        Assert.Contains("[builder 3/4] COPY . .", first, StringComparison.Ordinal);
        Assert.DoesNotContain("unused", first, StringComparison.Ordinal);
        Assert.Equal("hello world", host.Run("run", "--rm", "--network", "none", "stages:1").Succeeded().Text);
        host.Run("run", "--rm", "--network", "none", "stages:1", "test", "!", "-e", "/bin/zcat").Succeeded();
        string id = Id("stages:1");

        string second = Build(context, "-t", "stages:1").Succeeded().Error;
        Assert.Equal(5, Cached().Count(second));
        Assert.Equal(id, Id("stages:1"));

        string third = Build(context, "-t", "stages:2", "--build-arg", "WHO=you").Succeeded().Error;
        Assert.Contains("runs: the variable GREETING changed", third, StringComparison.Ordinal);
        Assert.Equal("hello you", host.Run("run", "--rm", "--network", "none", "stages:2").Succeeded().Text);
        AssertClean();
    }

    [Fact]
    public void Stages_that_need_nothing_of_each_other_run_side_by_side_again_and_again()
    {
        StringBuilder file = new();
        for (int stage = 0; stage < 8; stage++)
        {
            file.Append($"FROM {Busybox} AS s{stage}\nRUN echo {stage} >/out\nRUN cat /out >/more\n");
        }
        file.Append($"FROM {Busybox}\n");
        for (int stage = 0; stage < 8; stage++)
        {
            file.Append($"COPY --from=s{stage} /more /d/{stage}\n");
        }
        string context = Context(("Dockerfile", file.ToString()));
        for (int round = 0; round < 4; round++)
        {
            Build(context, "--no-cache", "-t", "many:1").Succeeded();
        }
        Assert.Equal(
            "01234567",
            host.Run("run", "--rm", "--network", "none", "many:1", "sh", "-c", "cat /d/* | tr -d '\n'").Succeeded().Text
        );
        AssertClean();
    }

    [Fact]
    public void A_step_says_why_it_runs()
    {
        string context = Context(("f", "1"), ("g", "1"), ("Dockerfile", $"FROM {Busybox}\nCOPY f g /d/\nRUN echo a\n"));
        Assert.Contains("#2 runs: it is new", Build(context).Succeeded().Error, StringComparison.Ordinal);
        File.WriteAllText($"{context}/g", "2");
        string changed = Build(context).Succeeded().Error;
        Assert.Contains("#2 runs: g changed", changed, StringComparison.Ordinal);
        Assert.Contains("#3 runs: the step before it ran", changed, StringComparison.Ordinal);
        File.SetLastWriteTimeUtc($"{context}/g", DateTime.UnixEpoch);
        Assert.Equal(2, Cached().Count(Build(context).Succeeded().Error));
        File.SetUnixFileMode($"{context}/g", UnixFileMode.UserRead);
        Assert.Contains("#2 runs: g changed", Build(context).Succeeded().Error, StringComparison.Ordinal);
        File.WriteAllText($"{context}/Dockerfile", $"FROM {Busybox}\nCOPY f g /d/\nRUN echo b\n");
        Assert.Contains("#3 runs: the instruction changed", Build(context).Succeeded().Error, StringComparison.Ordinal);
        Assert.Contains("runs: the cache is not used", Build(context, "--no-cache").Succeeded().Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_that_fails_shows_its_last_words_and_its_lines_and_those_before_it_are_kept()
    {
        string context = Context(("Dockerfile", $"FROM {Busybox}\nRUN echo first\nRUN echo last words && \\\n  exit 7\nCMD x\n"));
        string error = Build(context).Failed(1);
        Assert.Contains("did not complete successfully: exit code: 7", error, StringComparison.Ordinal);
        Assert.Contains("\n > [3/3] RUN echo last words", error, StringComparison.Ordinal);
        Assert.Contains("Dockerfile:3\n", error, StringComparison.Ordinal);
        Assert.Contains("   3 | >>> RUN echo last words && \\\n   4 | >>>   exit 7\n   5 |     CMD x\n", error, StringComparison.Ordinal);
        Assert.Contains("#2 CACHED", Build(context).Failed(1), StringComparison.Ordinal);
        AssertClean();
    }

    [Theory]
    [InlineData("FROM BASE\nRNU x", "unknown instruction: RNU (did you mean RUN?)")]
    [InlineData("RUN x", "FROM comes before RUN")]
    [InlineData("FROM BASE\nCOPY nothing /x", "\"/nothing\": not found in the build context")]
    [InlineData("FROM BASE\nCOPY ../x /x", "\"/x\": not found in the build context; nothing above it can be copied")]
    [InlineData("FROM BASE\nCOPY out /x", "\"/out\": not found in the build context")]
    [InlineData("FROM BASE\nCOPY ignored /x", "its ignore file leaves it out")]
    [InlineData("FROM BASE\nCOPY a b /x", "the destination must be a directory and end with a /")]
    [InlineData("FROM BASE\nCOPY --nothing a /x", "unknown flag: --nothing; COPY knows --from")]
    [InlineData("FROM BASE\nCOPY --from=1 a /x", "only those before it")]
    [InlineData("FROM BASE\nADD a.xz /x", "xz")]
    [InlineData("FROM BASE\nADD https://example.org/x.git /x", "git repositories are not fetched")]
    [InlineData("FROM BASE\nSHELL sh", "JSON form")]
    [InlineData("FROM BASE\nRUN --mount=type=nothing,target=/x true", "unsupported mount type")]
    [InlineData("FROM BASE\nRUN --mount=type=secret,id=k,required true", "secret k: not found")]
    [InlineData("FROM BASE\nRUN --security=insecure true", "the default rights only")]
    [InlineData("FROM BASE\nRUN <<EOF\nx", "is not ended by a line EOF")]
    [InlineData("FROM BASE\nENV a", "must have two arguments")]
    [InlineData("FROM BASE\nENV a=\"${b:?it is needed}\"", "b: it is needed")]
    [InlineData("FROM BASE\nUSER nobody-here\nRUN true", "nobody-here")]
    [InlineData("FROM $NONE", "should not be blank")]
    public void What_cannot_be_done_is_said_in_a_sentence(string dockerfile, string message)
    {
        string context = Context(
            ("a", ""),
            ("b", ""),
            ("ignored", ""),
            (".dockerignore", "ignored"),
            ("Dockerfile", dockerfile.Replace("BASE", Busybox, StringComparison.Ordinal))
        );
        File.WriteAllBytes($"{context}/a.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 1, 2, 3]);
        File.CreateSymbolicLink($"{context}/out", "/etc/hostname-of-the-host");
        Assert.Contains(message, Build(context).Failed(1), StringComparison.Ordinal);
        AssertClean();
    }

    [Fact]
    public void Mounts_of_a_command_leave_no_trace_in_the_image()
    {
        string context = Context(
            ("in", "from the context\n"),
            ("no", "ignored\n"),
            (".dockerignore", "no"),
            ("token", "s3cret-token"),
            (
                "Dockerfile",
                $$"""
                FROM {{Busybox}} AS base
                RUN mkdir /lib && echo lib >/lib/f
                FROM {{Busybox}}
                RUN --mount=type=secret,id=t,mode=0440,gid=5 test "$(wc -c </run/secrets/t)" = 12 && stat -c '%a %u:%g' /run/secrets/t | grep -x '440 0:5'
                RUN --mount=type=secret,id=t,env=TOKEN test "${#TOKEN}" = 12 && test ! -e /run/secrets
                RUN --mount=type=secret,id=other test ! -e /run/secrets/other
                RUN --mount=type=cache,target=/kept/deep/c,id=c,uid=7 echo line >>/kept/deep/c/log; wc -l </kept/deep/c/log; stat -c %u /kept/deep/c
                RUN --mount=type=tmpfs,target=/scratch,size=2m touch /scratch/x && df -k /scratch | grep -q 2048
                RUN --mount=target=/ctx cat /ctx/in && test ! -e /ctx/no && ! touch /ctx/x
                RUN --mount=target=/ctx,source=in cat /ctx
                RUN --mount=from=base,source=/lib,target=/l,rw cat /l/f && echo new >/l/f
                RUN --network=none test ! -e /sys/class/net/eth0
                """
            )
        );
        string[] flags = ["--secret", $"id=t,src={context}/token", "-t", "mounts"];
        string first = Build(context, flags).Succeeded().Error;
        Assert.Contains(" 1\n", first, StringComparison.Ordinal);
        Assert.Contains(" 7\n", first, StringComparison.Ordinal);
        Assert.Contains(" 2\n", Build(context, [.. flags, "--no-cache"]).Succeeded().Error, StringComparison.Ordinal);
        Assert.Empty(
            host.Run("run", "--rm", "--network", "none", "mounts", "sh", "-c", "ls -d /run /ctx /l /scratch /kept 2>/dev/null; true").Text
        );
        Assert.DoesNotContain("s3cret", host.Run("history", "--no-trunc", "mounts").Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal(1, Tool.Try("grep", "-r", "s3cret-token", host.Root, host.Runroot).ExitCode);
        AssertClean();
    }

    [Fact]
    public void Copies_go_where_docker_puts_them()
    {
        string context = Context(
            ("d/one", "1"),
            ("d/e/two.txt", "2"),
            ("d/e/three.md", "3"),
            ("plain", "p"),
            (".dockerignore", "**/*.md\n!d/e/keep.md"),
            ("d/e/keep.md", "k"),
            (
                "Dockerfile",
                $"""
                FROM {Busybox} AS base
                RUN mkdir -p /real/sub && ln -s /real /sl && ln -s real/file /slf && ln -s ../../../../../out/of /way && chmod 711 /real
                FROM base
                WORKDIR /w
                COPY d /c1
                COPY d/one plain /c2/
                COPY d/e* /c3/
                COPY filelink /c4/
                COPY d/one /sl/
                COPY d/one /slf
                COPY plain /way
                COPY --chown=3:4 --chmod=u=rwX,go=rX d /c5
                COPY --chown=12 plain /c6/x/
                COPY plain .
                COPY plain rel/
                COPY --from=base /real /c7
                COPY --parents d/./e/two.txt /c8/
                COPY --exclude=**/*.txt d /c9
                COPY nothing* plai[n] /c10/
                COPY --link plain /sl/linked
                ADD t.tar /t1
                ADD t.tgz /t2/
                ADD --unpack=false t.tgz /t3/
                ADD plain /t4
                COPY <<one <<"two" /h/
                one $PATH
                one
                two $PATH
                two
                """
            )
        );
        File.CreateSymbolicLink($"{context}/filelink", "d/one");
        Tool.Run("tar", "--owner=5", "--group=6", "-C", $"{context}/d", "-cf", $"{context}/t.tar", "one", "e/two.txt");
        Tool.Shell($"gzip -c {context}/t.tar >{context}/t.tgz");
        Build(context, "-t", "copies").Succeeded();
        string found = host.Run(
                "run",
                "--rm",
                "--network",
                "none",
                "copies",
                "sh",
                "-c",
                "cd /; find c* w real t? h out slf sl/ ! -type d -exec stat -c '%n %a %u:%g' {} + | sort; cat h/two"
            )
            .Succeeded()
            .Output;
        Assert.Equal(
            """
            c1/e/keep.md 644 0:0
            c1/e/two.txt 644 0:0
            c1/one 644 0:0
            c10/plain 644 0:0
            c2/one 644 0:0
            c2/plain 644 0:0
            c3/keep.md 644 0:0
            c3/two.txt 644 0:0
            c4/filelink 644 0:0
            c5/e/keep.md 644 3:4
            c5/e/two.txt 644 3:4
            c5/one 644 3:4
            c6/x/plain 644 12:12
            c8/e/two.txt 644 0:0
            c9/e/keep.md 644 0:0
            c9/one 644 0:0
            h/one 644 0:0
            h/two 644 0:0
            out/of 644 0:0
            real/file 644 0:0
            real/one 644 0:0
            sl/linked 644 0:0
            slf 777 0:0
            t1/e/two.txt 644 5:6
            t1/one 644 5:6
            t2/e/two.txt 644 5:6
            t2/one 644 5:6
            t3/t.tgz 644 0:0
            t4 644 0:0
            w/plain 644 0:0
            w/rel/plain 644 0:0
            two $PATH

            """,
            found
        );
    }

    [Fact]
    public void The_config_is_that_of_the_instructions()
    {
        string context = Context(
            (
                "Dockerfile",
                $$"""
                FROM {{Busybox}} AS parent
                ENTRYPOINT ["old"]
                CMD ["old"]
                ONBUILD RUN echo triggered >/t
                ONBUILD ENV T=1
                FROM parent
                SHELL ["/bin/sh", "-ec"]
                ENTRYPOINT exec top
                ENV A=1 B="x y" C=$A
                ENV C=${A:-none}${D:+no}
                LABEL a=1 "b c"="d e"
                USER 5:6
                EXPOSE 80 90-91/udp
                VOLUME ["/v 1"]
                VOLUME /v2
                STOPSIGNAL SIGUSR1
                HEALTHCHECK --interval=5s CMD true
                """
            )
        );
        Build(context, "-t", "config", "--label", "c=3").Succeeded();
        string Show(string what) => host.Run("image", "inspect", "-f", $"{{{{json .Config.{what}}}}}", "config").Succeeded().Text;
        Assert.Equal("[\"/bin/sh\",\"-ec\",\"exec top\"]", Show("Entrypoint"));
        Assert.Contains(Show("Cmd"), (string[])["null", "[]"]);
        Assert.Contains("\"T=1\",\"A=1\",\"B=x y\",\"C=1\"", Show("Env"), StringComparison.Ordinal);
        Assert.Equal("{\"a\":\"1\",\"b c\":\"d e\",\"c\":\"3\"}", Show("Labels"));
        Assert.Equal("{\"80/tcp\":{},\"90/udp\":{},\"91/udp\":{}}", Show("ExposedPorts"));
        Assert.Equal("{\"/v 1\":{},\"/v2\":{}}", Show("Volumes"));
        Assert.Equal(("\"5:6\"", "\"SIGUSR1\""), (Show("User"), Show("StopSignal")));
        Assert.Equal("triggered", host.Run("run", "--rm", "--network", "none", "--entrypoint", "cat", "config", "/t").Succeeded().Text);
    }

    [Fact]
    public void Two_builds_of_the_same_input_give_the_same_digest_with_SOURCE_DATE_EPOCH()
    {
        string context = Context(
            ("f", "1"),
            ("Dockerfile", $"FROM {Busybox}\nCOPY f /new/\nRUN mkdir /made && date +%N >/tmp/x && rm /tmp/x\nWORKDIR /w\n")
        );
        string[] flags = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000", "--no-cache", "-q"];
        string first = Build(context, flags).Succeeded().Text;
        File.SetLastWriteTimeUtc($"{context}/f", TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(1));
        Assert.Equal(first, Build(context, flags).Succeeded().Text);
        Assert.StartsWith("sha256:", first, StringComparison.Ordinal);
        Assert.Contains(
            "2023-11-14T22:13:20",
            host.Run("image", "inspect", "-f", "{{.Created}}", first).Succeeded().Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_build_that_is_killed_or_interrupted_leaves_nothing_broken()
    {
        string context = Context(
            ("Dockerfile", $"FROM {Busybox}\nRUN echo done >/f\nRUN --mount=type=cache,target=/c echo go; sleep 1000\n")
        );
        using (RunningCommand build = host.Start("build", "--progress", "plain", "--network", "none", context))
        {
            Wait.Until(() => build.ErrorSoFar.Contains(" go\n", StringComparison.Ordinal), 20, () => build.ErrorSoFar);
            Wait.Until(() => Directory.GetFiles($"{host.Root}/kept", "build-*").Length > 0, 20, () => "no record");
            Tool.Run("kill", "-9", $"{build.Pid}");
            Wait.Until(() => build.HasExited, 20, () => "it lives");
        }
        Wait.Until(() => host.Processes().Length == 0, 20, () => string.Join('\n', host.Processes()));
        using (RunningCommand build = host.Start("build", "--progress", "plain", "--network", "none", context))
        {
            Wait.Until(() => build.ErrorSoFar.Contains(" go\n", StringComparison.Ordinal), 20, () => build.ErrorSoFar);
            Assert.Contains("#2 CACHED", build.ErrorSoFar, StringComparison.Ordinal);
            Tool.Run("kill", "-INT", $"{build.Pid}");
            Wait.Until(() => build.HasExited, 20, () => "it lives");
            Assert.Contains("#3 CANCELED", build.ErrorSoFar, StringComparison.Ordinal);
        }
        File.WriteAllText($"{context}/Dockerfile", $"FROM {Busybox}\nRUN echo done >/f\nRUN --mount=type=cache,target=/c echo go\n");
        Build(context, "-t", "killed").Succeeded();
        AssertClean();
    }

    [Fact]
    public void The_input_comes_from_directories_archives_and_standard_input()
    {
        string context = Context(
            ("f", "content\n"),
            ("Dockerfile", $"FROM {Busybox}\nCOPY f /\n"),
            ("sub/Other", $"FROM {Busybox}\nCOPY f /other\n"),
            ("sub/Other.dockerignore", "g"),
            ("g", "")
        );
        byte[] dockerfile = Encoding.UTF8.GetBytes($"FROM {Busybox}\nRUN echo from stdin\n");
        Assert.Contains(
            "from stdin",
            host.RunWithInput(dockerfile, "build", "--progress", "plain", "--network", "none", "-").Succeeded().Error,
            StringComparison.Ordinal
        );
        host.RunWithInput(Encoding.UTF8.GetBytes($"FROM {Busybox}\nCOPY f /\n"), "build", "-f", "-", context).Succeeded();
        Build(context, "-f", $"{context}/sub/Other").Succeeded();
        Build(context, "-f", "sub/Other").Succeeded();
        string tar = Workspace.NewDirectory("tar") + "/c.tar.gz";
        Tool.Run("tar", "-C", context, "-czf", tar, ".");
        host.RunWithInput(File.ReadAllBytes(tar), "build", "-t", "archive", "-").Succeeded();
        host.RunWithInput(File.ReadAllBytes(tar), "build", "-f", "sub/Other", "-").Succeeded();
        Assert.Equal("content", host.Run("run", "--rm", "--network", "none", "archive", "cat", "/f").Succeeded().Text);
        Assert.Contains("not found", host.Run("build", "/nowhere").Failed(1), StringComparison.Ordinal);
        Assert.Contains("no such file", host.Run("build", "-f", "nope", context).Failed(1), StringComparison.Ordinal);
        AssertClean();
    }

    [Fact]
    public void The_output_can_be_files_or_an_archive()
    {
        string context = Context(
            ("f", "content\n"),
            ("Dockerfile", $"FROM {Busybox} AS b\nRUN echo built >/bin-x\nFROM scratch\nCOPY --from=b /bin-x /\nCOPY f /d/\n")
        );
        string place = Workspace.NewDirectory("output");
        Build(context, "-o", $"{place}/files").Succeeded();
        Assert.Equal(("built\n", "content\n"), (File.ReadAllText($"{place}/files/bin-x"), File.ReadAllText($"{place}/files/d/f")));
        Build(context, "-o", $"type=tar,dest={place}/t.tar").Succeeded();
        Assert.Equal("bin-x d/ d/f", string.Join(' ', Tool.Run("tar", "-tf", $"{place}/t.tar").Lines));
        Build(context, "-o", $"type=oci,dest={place}/oci.tar", "-t", "named:1", "--iidfile", $"{place}/id", "--metadata-file", $"{place}/m")
            .Succeeded();
        Assert.Equal(Id("named:1"), File.ReadAllText($"{place}/id"));
        Assert.Contains("containerimage.config.digest", File.ReadAllText($"{place}/m"), StringComparison.Ordinal);
        if (Tool.Exists("skopeo"))
        {
            Assert.Contains("\"Layers\"", Tool.Run("skopeo", "inspect", $"oci-archive:{place}/oci.tar").Text, StringComparison.Ordinal);
        }
        host.Run("build", "-o", "type=nothing", context).Failed(125);
        host.Run("build", "--nothing", context).Failed(125);
        AssertClean();
    }

    [Fact]
    public void What_builds_keep_is_shown_kept_from_rmi_and_pruned()
    {
        string context = Context(
            ("Dockerfile", $"FROM {Busybox}\nRUN --mount=type=cache,target=/c,id=prune echo x >/c/f; echo prune >/p\n")
        );
        Build(context, "-t", "prune").Succeeded();
        host.Run("rmi", "prune").Succeeded();
        Assert.Contains("#2 CACHED", Build(context, "-t", "prune").Succeeded().Error, StringComparison.Ordinal);
        Assert.DoesNotMatch("Build Cache +0 ", host.Run("system", "df").Succeeded().Output);
        Assert.Contains("exec.cachemount", host.Run("system", "df", "-v").Succeeded().Output, StringComparison.Ordinal);
        host.Run("builder", "prune", "-f").Succeeded();
        Assert.Contains("#2 CACHED", Build(context, "-t", "prune").Succeeded().Error, StringComparison.Ordinal); // shared with the image
        Assert.Contains("Total reclaimed space", host.Run("builder", "prune", "-af").Succeeded().Output, StringComparison.Ordinal);
        Assert.Matches("Build Cache +0 ", host.Run("system", "df").Succeeded().Output);
        Assert.Contains("#2 runs:", Build(context, "-t", "prune").Succeeded().Error, StringComparison.Ordinal);
        Assert.Equal("prune", host.Run("run", "--rm", "--network", "none", "prune", "cat", "/p").Succeeded().Text);
    }

    [Fact]
    public void Targets_and_contexts_by_name()
    {
        string other = Context(("f", "other\n"));
        string context = Context(("Dockerfile", $"FROM base AS one\nCOPY --from=more f /f\nRUN cat /f\nFROM one AS two\nRUN exit 1\n"));
        string[] flags = ["--build-context", $"base=docker-image://{Busybox}", "--build-context", $"more={other}"];
        Assert.Contains(" other\n", Build(context, [.. flags, "--target", "ONE"]).Succeeded().Error, StringComparison.Ordinal);
        Assert.Contains("did you mean two?", Build(context, [.. flags, "--target", "twoo"]).Failed(1), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_fetched_and_compared_with_its_checksum()
    {
        string site = Context(("file.txt", "served\n"));
        using RunningCommand server = RunningCommand.Start([
            .. host.Net.Prefix,
            "busybox",
            "httpd",
            "-f",
            "-p",
            "127.0.0.1:8098",
            "-h",
            site,
        ]);
        string sum = Tool.Run("sha256sum", $"{site}/file.txt").Text[..64];
        string Dockerfile(string flag) =>
            $"FROM {Busybox}\nADD {flag} http://127.0.0.1:8098/file.txt /d/\nRUN cat /d/file.txt; stat -c %a /d/file.txt\n";
        string context = Context(("Dockerfile", Dockerfile($"--checksum=sha256:{sum}")));
        Wait.Until(() => Build(context).ExitCode == 0, 20, () => Build(context).ToString());
        Assert.Equal(2, Cached().Count(Build(context).Succeeded().Error));
        File.WriteAllText($"{context}/Dockerfile", Dockerfile($"--checksum=sha256:{new string('0', 64)}"));
        Assert.Contains("digest mismatch", Build(context).Failed(1), StringComparison.Ordinal);
        File.WriteAllText($"{context}/Dockerfile", Dockerfile("").Replace("file.txt /d/", "none /d/", StringComparison.Ordinal));
        Assert.Contains("404", Build(context).Failed(1), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_builds_at_once_do_not_disturb_each_other()
    {
        string context = Context(
            ("f", "1"),
            (
                "Dockerfile",
                $"FROM {Busybox}\nARG N\nCOPY f /f\nRUN echo $N >/n\nRUN --mount=type=cache,target=/c,sharing=locked echo $N >>/c/all\n"
            )
        );
        RunningCommand[] builds =
        [
            .. Enumerable
                .Range(0, 6)
                .Select(n => host.Start("build", "-q", "--network", "none", "--build-arg", $"N={n}", "-t", $"many:{n}", context)),
        ];
        foreach (RunningCommand build in builds)
        {
            Assert.StartsWith("sha256:", build.WaitForExit(60).Succeeded().Output, StringComparison.Ordinal);
            build.Dispose();
        }
        Assert.Equal("4", host.Run("run", "--rm", "--network", "none", "many:4", "cat", "/n").Succeeded().Text);
        AssertClean();
    }

    private CommandResult Build(string context, params string[] flags) =>
        host.Run(["build", "--progress", "plain", "--network", "none", .. flags, context]);

    private string Id(string image) => host.Run("image", "inspect", "-f", "{{.Id}}", image).Succeeded().Text;

    private static string Context(params (string Path, string Text)[] files)
    {
        string directory = Workspace.NewDirectory("context");
        foreach ((string path, string text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName($"{directory}/{path}")!);
            File.WriteAllText($"{directory}/{path}", text);
        }
        return directory;
    }

    private void AssertClean()
    {
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries($"{host.Root}/ingest"),
            static p => !p.EndsWith(".lock", StringComparison.Ordinal)
        );
        Assert.Empty(Directory.GetFileSystemEntries($"{host.Root}/containers"));
        Assert.Empty(host.Mounts());
    }

    [GeneratedRegex("^#[0-9]+ CACHED$", RegexOptions.Multiline, 5000)]
    private static partial Regex Cached();
}
