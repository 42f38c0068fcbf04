using System.Text;
using Skiff.Compose.Schema;
using Skiff.Compose.Yaml;
using Skiff.Linux;

namespace Skiff.Compose.Loading;

/// <summary>Loads the files of one project, or of one <c>include</c>, into one tree in the long form.</summary>
/// <param name="request">How the host is reached.</param>
/// <param name="variable">Variables of values.</param>
/// <param name="directory">What relative paths are relative to.</param>
/// <param name="unset">Told of variables that are not set.</param>
/// <param name="including">The files that include this one, to find circles.</param>
internal sealed class FileLoader(
    LoadRequest request,
    Func<string, string?> variable,
    string directory,
    Action<string> unset,
    IReadOnlyList<string>? including = null
)
{
    private const int LargestFile = 8 << 20;
    private static readonly string[] s_imported = ["services", "networks", "volumes", "secrets", "configs"];
    private readonly Interpolation _interpolation = new(variable, unset);
    private readonly IReadOnlyList<string> _including = including ?? [];
    private byte[]? _standardInput;

    /// <summary>The merged tree.</summary>
    public Node Load(IReadOnlyList<string> files)
    {
        Node? root = null;
        foreach (string file in files)
        {
            foreach (Node document in Documents(file, directory))
            {
                ResolveExtends(document, file, root);
                root = root is null ? document : Merger.Merge(root, document, Shapes.File);
            }
        }
        root ??= Node.Map();
        if (root.Kind != NodeKind.Map)
        {
            root = Node.Map(root.Place);
        }
        Merger.DropResets(root);
        Include(root, files);
        return root;
    }

    /// <summary>The documents of a file, each in the long form.</summary>
    private List<Node> Documents(string file, string relativeTo)
    {
        byte[] bytes =
            (file == "-" ? _standardInput ??= request.ReadFile("-") : request.ReadFile(file))
            ?? throw new SkiffException($"open {file}: no such file or directory");
        if (bytes.Length > LargestFile)
        {
            throw new SkiffException($"{file} has {bytes.Length >> 20} MiB: this is no compose file");
        }
        List<Node> documents = YamlReader.Read(Encoding.UTF8.GetString(bytes), Shown(file));
        Canonical canonical = new(relativeTo, variable("HOME"), lenient: !request.Interpolates);
        if (documents.Count == 0)
        {
            throw new SkiffException($"{Shown(file)}: empty compose file");
        }
        List<Node> result = [];
        foreach (Node document in documents)
        {
            if (document.Kind == NodeKind.Null)
            {
                if (documents.Count > 1)
                {
                    continue;
                }
                throw new SkiffException($"{Shown(file)}: empty compose file");
            }
            Node replaced = request.Interpolates ? Expand(document, "") : document;
            result.Add(canonical.Run(replaced, Shapes.File));
        }
        return result;
    }

    private string Shown(string file) =>
        file.StartsWith(request.Directory + "/", StringComparison.Ordinal) ? file[(request.Directory.Length + 1)..] : file;

    private Node Expand(Node node, string path)
    {
        switch (node.Kind)
        {
            case NodeKind.Text when node.Text.Contains('$', StringComparison.Ordinal):
                try
                {
                    return Tagged(Node.Of(_interpolation.Expand(node.Text), node.Place), node.Tag);
                }
                catch (FormatException e)
                {
                    throw ComposeError.At(node.Place, $"{path}: \"{node.Text}\": {e.Message}");
                }
                catch (SkiffException e)
                {
                    throw ComposeError.At(node.Place, $"{path}: {e.Message}");
                }
            case NodeKind.Map:
                foreach ((string name, Node value) in node.Entries.ToArray())
                {
                    if (value.Tag != MergeTag.Reset)
                    {
                        node.Set(name, Expand(value, path.Length == 0 ? name : $"{path}.{name}"));
                    }
                }
                return node;
            case NodeKind.List:
                for (int i = 0; i < node.Items.Count; i++)
                {
                    node.SetAt(i, Expand(node.Items[i], $"{path}[{i}]"));
                }
                return node;
            default:
                return node;
        }
    }

    private static Node Tagged(Node node, MergeTag tag)
    {
        node.Tag = tag;
        return node;
    }

    private void ResolveExtends(Node document, string file, Node? before)
    {
        if (document["services"] is not { Kind: NodeKind.Map } services)
        {
            return;
        }
        foreach ((string name, _) in services.Entries.ToArray())
        {
            services.Set(name, Extended(services, name, file, before?["services"], []));
        }
    }

    /// <summary>A service with what it extends below it.</summary>
    private Node Extended(Node services, string name, string file, Node? before, List<string> seen)
    {
        Node service = services[name]!;
        if (service.Kind != NodeKind.Map || service["extends"] is not { Kind: NodeKind.Map } extends)
        {
            return service;
        }
        string self = $"{file}\u0001{name}";
        if (seen.Contains(self))
        {
            throw ComposeError.At(extends.Place, $"services.{name}.extends: the service extends itself in a circle");
        }
        seen.Add(self);
        string wanted = extends.TextOf("service") ?? "";
        Node below;
        if (extends.TextOf("file") is { } path)
        {
            string baseDirectory = seen.Count == 1 ? directory : System.IO.Path.GetDirectoryName(file) ?? "/";
            string other = new Canonical(baseDirectory, variable("HOME")).Absolute(path);
            if (request.ReadFile(other) is null)
            {
                throw ComposeError.At(extends.Place, $"services.{name}.extends: there is no file {other}");
            }
            Node from =
                Documents(other, System.IO.Path.GetDirectoryName(other) ?? "/")
                    .Aggregate((Node?)null, (a, b) => a is null ? b : Merger.Merge(a, b, Shapes.File))
                ?? Node.Map();
            Node theirs =
                from["services"] is { Kind: NodeKind.Map } found && found[wanted] is not null
                    ? found
                    : throw ComposeError.At(
                        extends.Place,
                        $"cannot extend service \"{name}\" in {Shown(file)}: service \"{wanted}\" not found in {Shown(other)}"
                    );
            below = Extended(theirs, wanted, other, null, seen).Clone();
        }
        else if (services[wanted] is not null)
        {
            below = Extended(services, wanted, file, before, seen).Clone();
        }
        else
        {
            below =
                before?[wanted]?.Clone()
                ?? throw ComposeError.At(
                    extends.Place,
                    $"cannot extend service \"{name}\" in {Shown(file)}: service \"{wanted}\" not found"
                );
        }
        seen.Remove(self);
        service.Remove("extends");
        below.Remove("extends");
        Node merged = Merger.Merge(below, service, Shapes.OneService);
        services.Set(name, merged);
        return merged;
    }

    private void Include(Node root, IReadOnlyList<string> files)
    {
        IReadOnlyList<Node> entries = [.. root.ItemsOf("include")];
        root.Remove("include");
        foreach (Node entry in entries)
        {
            Canonical here = new(directory, variable("HOME"));
            string[] paths = [.. entry.ItemsOf("path").Select(p => here.Absolute(p.Text))];
            if (paths.Length == 0)
            {
                throw ComposeError.At(entry.Place, "include: the key path is missing");
            }
            string[] chain = [.. _including, .. files];
            if (paths.FirstOrDefault(chain.Contains) is { } again)
            {
                throw ComposeError.At(entry.Place, $"include: {Shown(again)} includes itself in a circle");
            }
            foreach (string path in paths)
            {
                if (request.ReadFile(path) is null)
                {
                    throw ComposeError.At(entry.Place, $"include: there is no file {path}");
                }
            }
            string place = entry.TextOf("project_directory") is { } given
                ? here.Absolute(given)
                : System.IO.Path.GetDirectoryName(paths[0]) ?? "/";
            FileLoader inner = new(request, Variables(entry, here, place), place, unset, chain);
            Import(root, inner.Load(paths), entry.Place);
        }
    }

    private Func<string, string?> Variables(Node entry, Canonical here, string place)
    {
        Dictionary<string, string?> own = [];
        string? Inner(string name) => variable(name) ?? own.GetValueOrDefault(name);
        bool asked = entry["env_file"] is not null;
        foreach (string path in asked ? entry.ItemsOf("env_file").Select(f => here.Absolute(f.Text)) : [$"{place}/.env"])
        {
            byte[]? bytes = request.ReadFile(path);
            if (bytes is not null)
            {
                ProjectFiles.Read(path, bytes, Inner, (name, value) => own[name] = value);
            }
            else if (asked && path != "/dev/null")
            {
                throw ComposeError.At(entry.Place, $"include: there is no file {path}");
            }
        }
        return Inner;
    }

    private static void Import(Node root, Node included, Place place)
    {
        foreach (string kind in s_imported)
        {
            foreach ((string name, Node value) in included.EntriesOf(kind))
            {
                if (root[kind] is not { Kind: NodeKind.Map } existing)
                {
                    root.Set(kind, existing = Node.Map(place));
                }
                if (existing[name] is { } other && !Same(other, value))
                {
                    throw ComposeError.At(
                        other.Place,
                        $"{kind}.{name} conflicts with imported resource: {value.Place} says something else, and what is included cannot be overridden"
                    );
                }
                existing.Set(name, value);
            }
        }
        foreach ((string name, Node value) in included.Entries)
        {
            if (name.StartsWith("x-", StringComparison.Ordinal) && root[name] is null)
            {
                root.Set(name, value);
            }
        }
    }

    private static bool Same(Node a, Node b) =>
        a.Kind == b.Kind
        && a.Text == b.Text
        && a.Items.Count == b.Items.Count
        && a.Entries.Count == b.Entries.Count
        && a.Items.Select((item, i) => Same(item, b.Items[i])).All(static same => same)
        && a.Entries.All(e => b[e.Key] is { } other && Same(e.Value, other));
}
