using System.Text;
using Skiff.Build.Cache;
using Skiff.Build.Parsing;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <content>RUN.</content>
internal sealed partial class StageBuilder
{
    private void Run(Instruction instruction)
    {
        Allow(instruction, "mount", "network", "security", "device");
        string title = NextTitle(instruction);
        RunCommandLine line = RunCommandLine.Of(instruction, _state.Shell, _session.File.Escape);
        List<KeyValuePair<string, string>> args = _state.VisibleArgs();
        NetworkKind network = Network(instruction);
        using RunMounts mounts = RunMounts.Parse(_session, _stage, _state, instruction, Expand);
        mounts.Script = line.Script;
        string key = new KeyBuilder("run")
            .Add("on", _state.Key)
            .Add("words", line.Words)
            .Add("script", line.Script ?? "")
            .Add("env", [.. _state.Config.Env])
            .Add("args", [.. args.Select(static a => $"{a.Key}={a.Value}")])
            .Add("user", _state.Config.User)
            .Add("workdir", _state.Config.WorkingDir)
            .Add("network", network.ToString())
            .Add("hosts", [.. _session.Request.Run.AddHost.Select(static h => $"{h.Name}:{h.Address}")])
            .Add("mounts", mounts.Key())
            .Add("date", $"{_session.Request.SourceDate?.ToUnixTimeSeconds()}")
            .Key();
        string history =
            "RUN " + (args.Count > 0 ? $"|{args.Count} {string.Join(' ', args.Select(static a => $"{a.Key}={a.Value}"))} " : "");
        history += Short(instruction.Json is null ? string.Join(' ', line.Words) : string.Join(' ', instruction.Json));
        int step = _session.Begin(title);
        bool done = false;
        try
        {
            if (TakeCached(step, key, history))
            {
                done = true;
                return;
            }
            Explain(step, instruction, key, [.. line.Words, line.Script ?? ""], args, mounts.Listing);
            ForeignPlatform.Require(_state.Config.Platform);
            if (_state.Layers.Count == 0)
            {
                throw DockerfileException.At(
                    instruction,
                    "RUN has nothing to run: the stage begins with scratch, and nothing was copied into it"
                );
            }
            string tree = _session.Works.NewTree();
            RunOptions options = Options(line, args, network);
            OutputTail tail = new(bytes => _session.Progress.Output(step, bytes));
            ExitReport exit = mounts.Use(tree, options, ready => StepContainer.Run(_session, BaseOf, ready, tree, tail.Write, Cancel));
            Cancel.ThrowIfCancellationRequested();
            if (exit.Code != 0)
            {
                throw new BuildStepException(Failure(line, exit), title, instruction, tail.ToArray());
            }
            mounts.TakePointsAway(tree, _state.Layers);
            Finish(step, key, tree, instruction.ToString(), history);
            done = true;
        }
        catch (SkiffException e) when (e is not (BuildStepException or DockerfileException))
        {
            throw new BuildStepException(e.Message, title, instruction, [], e);
        }
        finally
        {
            if (!done)
            {
                _session.End(step, Cancel.IsCancellationRequested ? StepOutcome.Canceled : StepOutcome.Failed);
            }
        }
    }

    private static string Failure(RunCommandLine line, ExitReport exit) =>
        $"process \"{Short(string.Join(' ', line.Words))}\" did not complete successfully: exit code: {exit.Code}"
        + (exit.Reason.Length > 0 ? $" ({exit.Reason})" : "");

    private NetworkKind Network(Instruction instruction)
    {
        if (instruction.Flag("security") is { } security && security != "sandbox")
        {
            throw DockerfileException.At(
                instruction,
                $"RUN --security={security}: commands of a build run with the default rights only (sandbox)"
            );
        }
        if (instruction.Flag("device") is not null)
        {
            throw DockerfileException.At(instruction, "RUN --device: commands of a build get no devices of the host");
        }
        ValueList<NetworkAttachment> all = _session.Request.Run.Networks;
        return instruction.Flag("network") switch
        {
            null or "default" => all.IsEmpty ? NetworkKind.Bridge : all[0].Kind,
            "none" => NetworkKind.None,
            "host" => NetworkKind.Host,
            var other => throw DockerfileException.At(instruction, $"RUN --network={other}: expected default, none or host"),
        };
    }

    private RunOptions Options(RunCommandLine line, List<KeyValuePair<string, string>> args, NetworkKind network)
    {
        List<EnvironmentEntry> env = [];
        foreach ((string name, string value) in _session.Request.BuildArgs)
        {
            if (PlatformArgs.IsProxy(name) && _state.Variable(name) is null)
            {
                env.Add(new EnvironmentEntry(name, value));
            }
        }
        env.AddRange(args.Select(static a => new EnvironmentEntry(a.Key, a.Value)));
        return _session.Request.Run with
        {
            Image = _stage.Base,
            Remove = true,
            Entrypoint = new ValueList<string>([.. line.Words]),
            Environment = [.. env],
            Networks = network == NetworkKind.Bridge ? _session.Request.Run.Networks : [new NetworkAttachment { Kind = network }],
        };
    }

    /// <summary>The stage as it is now, as an image to start a container from. VOLUMEs are plain directories while an image is built.</summary>
    private Image BaseOf() =>
        new(
            _state.BaseImage ?? Digest.Of(Encoding.ASCII.GetBytes(_state.Key)),
            Digest.Of(Encoding.ASCII.GetBytes(_state.Key)),
            new ImageManifest(
                MediaTypes.OciManifest,
                new Descriptor(MediaTypes.OciConfig, Digest.Of([]), 0),
                [],
                new Dictionary<string, string>()
            ),
            _state.Config with
            {
                Volumes = [],
                ExposedPorts = [],
                Healthcheck = null,
                StopSignal = "",
                Labels = new Dictionary<string, string>(),
            },
            [.. _state.Layers.Select(static l => l.Directory)],
            [],
            0
        )
        {
            ShortDirectories = [.. _state.Layers.Select(static l => l.ShortName)],
        };
}
