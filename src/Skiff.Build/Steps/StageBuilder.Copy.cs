using Skiff.Build.Cache;
using Skiff.Build.Context;
using Skiff.Build.Parsing;
using Skiff.Engine.Launch;
using Skiff.Images.Archives;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <content>COPY and ADD.</content>
internal sealed partial class StageBuilder
{
    private void Copy(Instruction instruction)
    {
        bool adds = instruction.Name == "ADD";
        if (adds)
        {
            Allow(instruction, "chown", "chmod", "link", "exclude", "checksum", "unpack", "keep-git-dir");
        }
        else
        {
            Allow(instruction, "from", "chown", "chmod", "link", "parents", "exclude");
        }
        string title = NextTitle(instruction);
        string workdir = _state.Config.WorkingDir.Length > 0 ? _state.Config.WorkingDir : "/";
        CopyForm form = CopyForm.Parse(instruction, workdir, Expand, text => new Expansion(Variable, Escape).Text(text), Escape);
        string history = form.History(instruction.Name);
        int step = _session.Begin(title);
        bool done = false;
        try
        {
            Copy(step, instruction, form, history);
            done = true;
        }
        catch (SkiffException e) when (e is not (BuildStepException or DockerfileException))
        {
            throw new BuildStepException(e.Message, title, instruction, [], e);
        }
        catch (LinuxException e)
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

    private void Copy(int step, Instruction instruction, CopyForm form, string history)
    {
        KeyBuilder begin = new KeyBuilder("copy")
            .Add("on", form.Link ? "" : _state.Key)
            .Add("form", form.Text)
            .Add("date", $"{_session.Request.SourceDate?.ToUnixTimeSeconds()}");
        begin = instruction.Name == "ADD" ? begin.Add("add", "") : begin;
        string from = instruction.Flag("from") ?? "";
        bool needsRoot = from.Length > 0 || form.Sources.Any(static s => !RemoteFile.IsAddress(s));
        SourceRoot? root = needsRoot ? SourceRoot.Find(_session, _stage, instruction, from) : null;
        // What comes out of a stage that is known by its key need not be read again to be found.
        string? alias =
            root?.Key is { } rootKey && form.Texts.Count == 0
                ? new KeyBuilder("from").Add("copy", begin.Key()).Add("root", rootKey).Add("sources", [.. form.Sources]).Key()
                : null;
        if (alias is not null && !_noCache && _session.Cache.Alias(alias) is { } known && TakeCached(step, known, history))
        {
            return;
        }
        string? tree = null;
        string key = "";
        RootView.InPrivateNamespace(() =>
        {
            using CopySources sources = new(_session, instruction, form, root);
            sources.Read(step);
            key = begin.Add("content", sources.Key()).Key();
            if (alias is not null)
            {
                _session.Cache.SaveAlias(alias, key);
            }
            if (TakeCached(step, key, history))
            {
                return;
            }
            Explain(step, instruction, key, [.. form.Text, .. form.Sources], [], sources.Listing);
            tree = _session.Works.NewTree();
            // with --link a link in the image below does not count: what is copied is a layer that fits on top of anything
            using SafeFd files = StackView.Write(_session, form.Link ? [] : _state.Layers, tree);
            Write(files, form, sources);
        });
        if (tree is not null)
        {
            Finish(step, key, tree, instruction.ToString(), history);
        }
    }

    private void Write(SafeFd root, CopyForm form, CopySources sources)
    {
        (uint Uid, uint Gid)? owner = form.Owner.Length == 0 ? null : CopyOwner(root, form);
        SourceWriter writer = new(owner, form.Mode is null ? null : ChmodForm.Parse(form.Mode), Cancel);
        CopyTarget target = new(root, owner ?? (0, 0));
        foreach (CopyItem item in sources.Items)
        {
            Cancel.ThrowIfCancellationRequested();
            if (item.IsArchive)
            {
                Unpack(root, form, target, item, owner);
            }
            else if (form.Parents)
            {
                using SafeFd place = target.Directory(Join(form.Destination, System.IO.Path.GetDirectoryName(item.Path) ?? ""));
                writer.Entry(item.Node, item.File.Value, place.Value, CString.Encode(System.IO.Path.GetFileName(item.Path)));
            }
            else if (item.Node.IsDirectory)
            {
                // a destination that is made is a new directory, not a copy of the source's
                using SafeFd place = target.Directory(form.Destination);
                writer.Content(item.Node, item.File.Value, place.Value);
            }
            else if (form.IsDirectory || target.IsDirectory(form.Destination))
            {
                (SafeFd directory, byte[] name) = target.File(Join(form.Destination, item.Name));
                using SafeFd place = directory;
                writer.Entry(item.Node, item.File.Value, place.Value, name);
            }
            else
            {
                (SafeFd directory, byte[] name) = target.File(form.Destination);
                using SafeFd place = directory;
                writer.Entry(item.Node, item.File.Value, place.Value, name);
            }
        }
        if (sources.Items.Count == 0 && form.IsDirectory)
        {
            target.Directory(form.Destination).Dispose();
        }
    }

    private void Unpack(SafeFd root, CopyForm form, CopyTarget target, CopyItem item, (uint Uid, uint Gid)? owner)
    {
        target.Directory(form.Destination).Dispose();
        using FileStream archive = new($"/proc/self/fd/{item.File.Value}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
        TarExtractor extractor = new(root.Value, CString.Encode(form.Destination.Trim('/'))[..^1], _session.Progress.Warn, Cancel)
        {
            Owner = owner is { } own ? _ => own : null,
        };
        _ = extractor.Extract(archive);
    }

    private static string Join(string directory, string name) =>
        name.Length == 0 ? directory
        : directory == "/" ? "/" + name
        : $"{directory}/{name}";

    private static (uint Uid, uint Gid) CopyOwner(SafeFd root, CopyForm form)
    {
        try
        {
            return Owner(root, form.Owner);
        }
        catch (SkiffException e)
        {
            throw new SkiffException($"--chown={form.Owner}: {e.Message}", 1, e);
        }
    }
}
