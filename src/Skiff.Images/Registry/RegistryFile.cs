using System.Text;
using Skiff.Linux;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Skiff.Images.Registry;

/// <summary><c>skiff.toml</c>: a table <c>[registry."HOST"]</c> for each registry, with <c>mirrors</c> and <c>tls-verify</c>.</summary>
public sealed class RegistryFile
{
    private const int MaxBytes = 1 << 20;

    private readonly Dictionary<string, RegistrySettings> _registries = new(StringComparer.Ordinal);

    /// <summary>Reads the machine's file and then the user's, whose tables replace the machine's for the same registry.</summary>
    public static RegistryFile Load(Func<string, string?> environment)
    {
        RegistryFile file = new();
        foreach (string path in Paths(environment))
        {
            byte[]? bytes = Files.TryReadAll(path, out int errno, MaxBytes);
            if (bytes is not null)
            {
                file.Add(Encoding.UTF8.GetString(bytes), path);
            }
            else if (errno is not (Errno.ENOENT or Errno.ENOTDIR))
            {
                throw new SkiffException($"{path} cannot be read: {Errno.Describe(errno)}");
            }
        }
        return file;
    }

    /// <summary><c>/etc/skiff/skiff.toml</c> and <c>$XDG_CONFIG_HOME/skiff/skiff.toml</c>, by default <c>~/.config/skiff/skiff.toml</c>.</summary>
    public static IReadOnlyList<string> Paths(Func<string, string?> environment)
    {
        string home = environment("HOME") is { Length: > 0 } directory ? directory : "/root";
        string user = environment("XDG_CONFIG_HOME") is { Length: > 0 } config ? config : $"{home}/.config";
        return ["/etc/skiff/skiff.toml", $"{user}/skiff/skiff.toml"];
    }

    /// <summary>The registries that the files name.</summary>
    public IEnumerable<string> Domains => _registries.Keys;

    /// <summary>The settings of a registry's domain.</summary>
    public RegistrySettings For(string domain) => _registries.GetValueOrDefault(domain, RegistrySettings.Default);

    /// <summary>Adds the tables of a file's text; what is not understood is a <see cref="SkiffException"/> that names the line.</summary>
    public void Add(string text, string path)
    {
        DocumentSyntax document = SyntaxParser.Parse(text, path, validate: true);
        if (document.HasErrors)
        {
            throw new SkiffException($"{path} is not valid TOML: {Printable.Of(document.Diagnostics[0].ToString(), 300)}");
        }
        foreach (KeyValueSyntax pair in document.KeyValues)
        {
            throw Unknown(pair, path, KeyOf(pair.Key!));
        }
        foreach (TableSyntaxBase table in document.Tables)
        {
            string[] name = KeyOf(table.Name!);
            if (table is not TableSyntax || name is not ["registry", _])
            {
                throw Unknown(table, path, name);
            }
            _registries[name[1]] = Read(table, path);
        }
    }

    private static RegistrySettings Read(TableSyntaxBase table, string path)
    {
        RegistrySettings settings = RegistrySettings.Default;
        foreach (KeyValueSyntax pair in table.Items)
        {
            settings = KeyOf(pair.Key!) switch
            {
                ["mirrors"] => settings with { Mirrors = Mirrors(pair, path) },
                ["tls-verify"] => settings with
                {
                    VerifyTls = (pair.Value as BooleanValueSyntax)?.Value ?? throw Wrong(pair, path, "tls-verify is true or false"),
                },
                string[] other => throw Unknown(pair, path, other),
            };
        }
        return settings;
    }

    private static List<Mirror> Mirrors(KeyValueSyntax pair, string path)
    {
        const string Shape = "mirrors is a list of [http://]HOST[:PORT][/PREFIX]";
        ArraySyntax list = pair.Value as ArraySyntax ?? throw Wrong(pair, path, Shape);
        List<Mirror> mirrors = [];
        foreach (ArrayItemSyntax item in list.Items)
        {
            string text = (item.Value as StringValueSyntax)?.Value ?? throw Wrong(pair, path, Shape);
            mirrors.Add(Mirror.Parse(text) ?? throw Wrong(pair, path, $"\"{Printable.Of(text)}\" is no mirror: {Shape}"));
        }
        return mirrors;
    }

    private static string[] KeyOf(KeySyntax key) => [Part(key.Key!), .. key.DotKeys.Select(k => Part(k.Key!))];

    private static string Part(BareKeyOrStringValueSyntax part) =>
        part is StringValueSyntax quoted ? quoted.Value ?? "" : (part as BareKeySyntax)?.Key?.Text ?? "";

    private static SkiffException Unknown(SyntaxNode node, string path, string[] key) =>
        Wrong(
            node,
            path,
            $"{Printable.Of(string.Join('.', key))} is not known: there are tables [registry.\"HOST\"] with mirrors and tls-verify"
        );

    private static SkiffException Wrong(SyntaxNode node, string path, string what) =>
        new($"{path}, line {node.Span.Start.Line + 1}: {what}");
}
