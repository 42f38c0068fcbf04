using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Launch;
using Skiff.Engine.Plan;
using Skiff.Engine.Rootless;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands.Run;

/// <summary><c>skiff explain run</c>: every step of a container's birth and end, with the exact system calls. It needs no root and runs nothing.</summary>
internal static class ExplainRunCommand
{
    private const string ExampleId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    public static Command Define() =>
        new()
        {
            Name = "run",
            Summary = "Show every system call that a run would make, and why",
            Usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
            Description = "Nothing is run or changed, and no rights are needed. An image that is not here is replaced by an example.",
            Flags = [.. RunFlags.All(), Flag.Bool("json", "Print the steps as JSON")],
            StopAtFirstPositional = true,
            FailureExitCode = 125,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        RunOptions options = RootlessOptions.Adapt(RunFlags.Options(invocation, HostContext.Make()), invocation.Output.Warn);
        SkiffEngine engine = SkiffEngine.Open(invocation.Globals.Root, invocation.Globals.Runroot);
        Image? found = options.Image is { } name ? engine.Images.Find(name) : null;
        using LaunchPlan plan = Plan(engine, options, found);
        if (invocation.Is("json"))
        {
            invocation.Output.Write(Lesson.Json(plan));
            return 0;
        }
        string example =
            found is null && options.Image is not null
                ? $" ({options.Image} is not here: with an example image; \"skiff explain pull {options.Image}\" shows how it would come)"
                : "";
        invocation.Output.Write(Lesson.Text(RunOptionsText.ToCommandLine(options) + example, plan, ExampleId));
        return 0;
    }

    /// <summary>The plan of a foreground run.</summary>
    internal static LaunchPlan Plan(SkiffEngine engine, RunOptions options, Image? found)
    {
        Image? image = options.Rootfs is not null ? null : found ?? Example();
        PreparedContainer container = ContainerPreparation.Plan(engine, options, image, foreground: true, ExampleId);
        return ContainerLaunch.Explain(engine, container, new LaunchWishes { Terminal = options.Tty, DiesWithParent = !options.Detach });
    }

    private static Image Example()
    {
        Digest digest = Digest.Parse("sha256:" + new string('0', 64));
        Descriptor config = new("application/vnd.oci.image.config.v1+json", digest, 2);
        ImageConfig settings = new() { Cmd = ["/bin/sh"], Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] };
        ImageManifest manifest = new("application/vnd.oci.image.manifest.v1+json", config, [], new Dictionary<string, string>());
        return new Image(digest, digest, manifest, settings, ["layers/EXAMPLE/diff"], [], 0) { ShortDirectories = ["l/EXAMPLE"] };
    }
}
