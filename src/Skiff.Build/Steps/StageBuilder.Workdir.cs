using Skiff.Build.Cache;
using Skiff.Build.Context;
using Skiff.Build.Parsing;
using Skiff.Engine.Launch;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <content>WORKDIR.</content>
internal sealed partial class StageBuilder
{
    private void Workdir(Instruction instruction)
    {
        Allow(instruction);
        string title = NextTitle(instruction);
        string given = Expand(instruction.Arguments);
        if (given.Length == 0)
        {
            throw DockerfileException.At(instruction, "WORKDIR needs a path");
        }
        string path = Absolute(given);
        _state.Config = _state.Config with { WorkingDir = path };
        string key = new KeyBuilder("workdir")
            .Add("on", _state.Key)
            .Add("path", path)
            .Add("user", _state.Config.User)
            .Add("date", $"{_session.Request.SourceDate?.ToUnixTimeSeconds()}")
            .Key();
        int step = _session.Begin(title);
        bool done = false;
        try
        {
            if (!TakeCached(step, key, $"WORKDIR {path}"))
            {
                Explain(step, instruction, key, [path, _state.Config.User], [], null);
                string tree = _session.Works.NewTree();
                RootView.InPrivateNamespace(() =>
                {
                    using SafeFd root = StackView.Write(_session, _state.Layers, tree);
                    using SafeFd made = new CopyTarget(root, Owner(root, _state.Config.User)).Directory(path);
                });
                Finish(step, key, tree, instruction.ToString(), $"WORKDIR {path}");
            }
            done = true;
        }
        finally
        {
            if (!done)
            {
                _session.End(step, StepOutcome.Failed);
            }
        }
    }

    /// <summary>A path of the image as it is meant there: relative to WORKDIR.</summary>
    private string Absolute(string path)
    {
        string workdir = _state.Config.WorkingDir.Length > 0 ? _state.Config.WorkingDir : "/";
        return "/" + PathPattern.Clean(path[0] == '/' ? path : $"{workdir}/{path}");
    }

    /// <summary>A user as numbers, by the image's own lists. A number alone is the group's, too.</summary>
    private static (uint Uid, uint Gid) Owner(SafeFd root, string text)
    {
        if (text.Length == 0)
        {
            return (0, 0);
        }
        if (uint.TryParse(text, out uint id))
        {
            return (id, id);
        }
        ResolvedUser user = UserDatabase.Resolve(text, Read("etc/passwd"), Read("etc/group"));
        return (user.Uid, user.Gid);

        byte[] Read(string path)
        {
            using SafeFd? file = LayeredFiles.OpenIn(root.Value, "./" + path, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, out _);
            if (file is null)
            {
                return [];
            }
            byte[] bytes = new byte[UserDatabase.MaxBytes];
            int length = 0;
            while (length < bytes.Length && Files.Read(file, bytes.AsSpan(length), path) is int n and > 0)
            {
                length += n;
            }
            return bytes[..length];
        }
    }
}
