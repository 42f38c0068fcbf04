using System.Text;
using Skiff.Compose;
using Skiff.Compose.Loading;

namespace Skiff.Tests.Compose;

/// <summary>A project in memory: files, variables, flags.</summary>
internal sealed class ComposeFiles
{
    private readonly Dictionary<string, string> _files = [];
    private readonly Dictionary<string, string> _variables = new() { ["HOME"] = "/root" };

    internal ComposeFiles(string directory = "/projects/app") => Directory = directory;

    internal string Directory { get; }

    internal LoadRequest Request =>
        new()
        {
            Directory = Directory,
            Variable = _variables.GetValueOrDefault,
            ReadFile = path => _files.TryGetValue(path, out string? text) ? Encoding.UTF8.GetBytes(text) : null,
        };

    internal ComposeFiles File(string name, string text)
    {
        _files[name == "-" || name.StartsWith('/') ? name : $"{Directory}/{name}"] = text;
        return this;
    }

    internal ComposeFiles Variable(string name, string value)
    {
        _variables[name] = value;
        return this;
    }

    internal static Project Load(string text) => ProjectLoader.Load(new ComposeFiles().File("compose.yaml", text).Request);

    /// <summary>One service <c>a</c> with these lines.</summary>
    internal static Project Service(string lines) =>
        Load("services:\n  a:\n    image: i\n" + string.Concat(lines.Split('\n').Select(static l => $"    {l}\n")));
}
