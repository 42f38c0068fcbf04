using System.Text;
using Skiff.Build.Cache;
using Skiff.Build.Context;
using Skiff.Build.Parsing;
using Skiff.Images;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Build.Steps;

/// <summary>All sources of one COPY or ADD, found and read. The call comes from within a private mount namespace.</summary>
internal sealed class CopySources(BuildSession session, Instruction instruction, CopyForm form, SourceRoot? root) : IDisposable
{
    private readonly List<SafeFd> _held = [];
    private readonly List<string> _keys = [];

    /// <summary>The sources, in order; those with wildcards by name.</summary>
    internal List<CopyItem> Items { get; } = [];

    /// <summary>Every file.</summary>
    internal SourceListing Listing { get; private set; } = new();

    /// <summary>What the cache's key takes from them.</summary>
    internal List<string> Key() => _keys;

    /// <summary>Finds and reads all of them.</summary>
    /// <param name="step">The step, for remarks.</param>
    internal void Read(int step)
    {
        if (root is not null)
        {
            Local([.. form.Sources.Where(static s => !RemoteFile.IsAddress(s))]);
        }
        foreach (string address in form.Sources.Where(static s => RemoteFile.IsAddress(s)))
        {
            Remote(step, address);
        }
        if (form.Texts.Count > 0)
        {
            Texts();
        }
    }

    public void Dispose()
    {
        foreach (CopyItem item in Items)
        {
            item.File.Dispose();
        }
        foreach (SafeFd fd in _held)
        {
            fd.Dispose();
        }
    }

    private void Local(IReadOnlyList<string> paths)
    {
        SafeFd top = root!.Open(session);
        _held.Add(top);
        string store = session.Engine.Paths.Root;
        StatCache? known = root.Directory is { } directory ? StatCache.Load(store, directory) : null;
        SourceFinder finder = new(top);
        SourceReader reader = new(
            top.Value,
            path => root.Ignored.Excludes(path) || form.Excluded.Excludes(path),
            root.Ignored.HasExceptions || form.Excluded.HasExceptions,
            root.KeepsOwner,
            session.Request.Cancel
        )
        {
            Known = known,
        };
        foreach (string path in paths)
        {
            bool wild = PathPattern.HasWildcards(path);
            string pivot = Pivot(path);
            List<FoundSource> found =
                wild ? finder.Matching(path)
                : finder.Exactly(path) is { } one ? [one]
                : [];
            bool any = false;
            foreach (FoundSource source in found)
            {
                any |= Add(reader, source, pivot, finder);
            }
            if (!any && !wild && !(found.Count > 0 && IsExcluded(found[0])))
            {
                throw new SkiffException(NotFound(path, found));
            }
            _keys.Add($"{(wild ? "*" : "")}{found.Count}");
        }
        known?.Save(store);
        Listing = reader.Listing;
    }

    /// <summary>With <c>--parents</c>, only what follows <c>/./</c> is kept of a path.</summary>
    private static string Pivot(string path)
    {
        int at = path.IndexOf("/./", StringComparison.Ordinal);
        return at < 0 ? "" : PathPattern.Clean(path[..at]);
    }

    private bool IsExcluded(FoundSource source) => form.Excluded.Excludes(source.RealPath);

    private bool Add(SourceReader reader, FoundSource source, string pivot, SourceFinder finder)
    {
        _ = finder;
        SourceReader own = reader;
        if (form.ExcludedTexts.Count > 0 && source.RealPath.Length > 0)
        {
            // patterns count from the directory that is copied, and from the root
            string prefix = source.RealPath + "/";
            own = new SourceReader(
                reader.Root,
                path =>
                    root!.Ignored.Excludes(path)
                    || form.Excluded.Excludes(path)
                    || (path.StartsWith(prefix, StringComparison.Ordinal) && form.Excluded.Excludes(path[prefix.Length..])),
                root!.Ignored.HasExceptions || form.Excluded.HasExceptions,
                root.KeepsOwner,
                session.Request.Cancel
            )
            {
                Known = reader.Known,
            };
        }
        if (own.Read(source.RealPath, source.File.Value) is not { } node)
        {
            source.Dispose();
            return false;
        }
        string path =
            pivot.Length > 0 && source.Path.StartsWith(pivot + "/", StringComparison.Ordinal)
                ? source.Path[(pivot.Length + 1)..]
                : source.Path;
        string name = System.IO.Path.GetFileName(source.Path);
        bool archive =
            instruction.Name == "ADD" && form.Unpack != false && node.Type == At.S_IFREG && ArchiveForm.IsArchive(source.File, name);
        Items.Add(new CopyItem(name, path, source.File, node) { IsArchive = archive });
        _keys.Add($"{(node.IsDirectory && !form.Parents ? "" : form.Parents ? path : name)} {Convert.ToHexStringLower(node.Hash)}");
        return true;
    }

    private string NotFound(string path, List<FoundSource> found) =>
        found.Count > 0
            ? $"\"/{PathPattern.Clean(path)}\": not found in {root!.Text}: its ignore file leaves it out"
            : $"\"/{PathPattern.Clean(path)}\": not found in {root!.Text}"
                + (path.StartsWith("..", StringComparison.Ordinal) ? "; nothing above it can be copied" : "");

    private void Remote(int step, string address)
    {
        if (instruction.Name == "COPY")
        {
            throw new SkiffException($"source can't be a URL for COPY: {address}; use ADD");
        }
        string directory = session.Works.NewDirectory();
        string name = RemoteFile.Fetch(
            address,
            directory,
            form.Checksum,
            form.IsDirectory,
            text => session.Progress.Note(step, text),
            session.Request.Cancel
        );
        bool archive = form.Unpack == true;
        Made(directory, name, archive);
    }

    private void Texts()
    {
        string directory = session.Works.NewDirectory();
        foreach (Heredoc text in form.Texts)
        {
            string path = $"{directory}/{text.Name}";
            if (text.Name.Contains('/') || text.Name is "." or "..")
            {
                throw new SkiffException($"<<{text.Name}: the name of a text becomes the name of a file, and has no slash");
            }
            using SafeFd file = Files.Open(path, OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_TRUNC, 0x1A4);
            Files.WriteAll(file, Encoding.UTF8.GetBytes(text.Content), path);
            _ = At.ChangeMode(file.Value, 0x1A4);
            Made(directory, text.Name, archive: false);
        }
    }

    private void Made(string directory, string name, bool archive)
    {
        SafeFd top = Files.Open(directory, OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY);
        _held.Add(top);
        SafeFd file = Files.Open($"{directory}/{name}", OpenFlags.O_PATH);
        SourceReader reader = new(top.Value, static _ => false, mayHold: false, keepsOwner: false, session.Request.Cancel);
        SourceNode node = reader.Read(name, file.Value)!;
        Listing.Add(name, node.Hash);
        Items.Add(new CopyItem(name, name, file, node) { IsArchive = archive && ArchiveForm.IsArchive(file, name) });
        _keys.Add($"{name} {Convert.ToHexStringLower(node.Hash)}");
    }
}
