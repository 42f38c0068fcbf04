using System.Text;
using Skiff.Engine.Containers;
using Skiff.Engine.Secrets;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.FileTree;

namespace Skiff.Engine.Launch;

/// <summary>The secrets that a container has: taken when it is made, given to its processes whenever one starts.</summary>
internal static class ContainerSecrets
{
    private const int LongestVariable = 128 << 10; // MAX_ARG_STRLEN of execve(2), with name, '=' and zero

    /// <summary>Throws for a secret that does not exist, before anything is made.</summary>
    internal static void Check(SkiffEngine engine, RunOptions options)
    {
        foreach (SecretUse use in options.Secrets)
        {
            if (engine.Secrets.TryFind(use.Name) is null)
            {
                throw engine.Secrets.Missing(use.Name, 125);
            }
            if (use.IsVariable)
            {
                _ = Variable(use.Target, use.Name, engine.Secrets.PathOf(use.Name));
            }
        }
    }

    /// <summary>Gives the files of the secrets a second name in the container's directory: it keeps what it was made with.</summary>
    internal static void Take(SkiffEngine engine, RunOptions options, string id)
    {
        if (options.Secrets.IsEmpty)
        {
            return;
        }
        string directory = engine.Paths.SecretsOf(id);
        int errno = Files.TryMakeDirectory(directory, 0x1C0);
        if (errno != 0)
        {
            throw new LinuxException("mkdir", directory, errno);
        }
        foreach (SecretUse use in options.Secrets)
        {
            string from = engine.Secrets.PathOf(use.Name);
            string to = $"{directory}/{use.Name}";
            errno = At.Link(Files.AtCwd, CString.Encode(from), Files.AtCwd, CString.Encode(to));
            if (errno is Errno.EXDEV or Errno.EMLINK or Errno.EPERM && Files.TryReadAll(from, out _) is { } bytes)
            {
                Files.Replace(to, bytes); // containers on another file system than secrets
            }
            else if (errno == Errno.ENOENT)
            {
                throw engine.Secrets.Missing(use.Name, 125);
            }
            else if (errno is not (0 or Errno.EEXIST)) // one secret in two places
            {
                throw new LinuxException("link", to, errno);
            }
        }
    }

    /// <summary>Where a container's secret is, and of which bytes it consists. In <c>explain</c> there is no container yet: the store's.</summary>
    internal static (string Path, int Offset, int Length) File(EnginePaths paths, string id, string name, bool planned)
    {
        string path = $"{(planned ? paths.Secrets : paths.SecretsOf(id))}/{name}";
        return SecretFile.TryHead(path) is { } head
            ? ($"{paths.SecretsOf(id)}/{name}", head.Offset, head.Length)
            : throw new SkiffException(
                planned ? $"No such secret: {name}" : $"the secret {name} of the container is missing or damaged ({path})",
                125
            );
    }

    /// <summary>The variables of a container that have a secret's value: <c>NAME=value</c>.</summary>
    internal static List<string> Variables(EnginePaths paths, string id, ValueList<NameValue> annotations)
    {
        List<string> variables = [];
        foreach (NameValue annotation in annotations)
        {
            if (annotation.Name != SpecAnnotations.SecretVariables)
            {
                continue;
            }
            foreach (string pair in annotation.Value.Split(','))
            {
                int equals = pair.IndexOf('=', StringComparison.Ordinal);
                string name = pair[(equals + 1)..];
                if (equals > 0 && SecretName.IsValid(name))
                {
                    variables.Add(Variable(pair[..equals], name, $"{paths.SecretsOf(id)}/{name}"));
                }
            }
        }
        return variables;
    }

    /// <summary>An environment with these variables in it: of two of one name theirs counts.</summary>
    internal static ValueList<string> Over(ValueList<string> environment, IReadOnlyList<string> variables)
    {
        List<string> result = [];
        foreach (string entry in environment)
        {
            bool replaced = false;
            foreach (string variable in variables)
            {
                replaced |= entry.StartsWith(variable[..(variable.IndexOf('=', StringComparison.Ordinal) + 1)], StringComparison.Ordinal);
            }
            if (!replaced)
            {
                result.Add(entry);
            }
        }
        return [.. result, .. variables];
    }

    private static string Variable(string variable, string name, string path)
    {
        byte[] content =
            SecretFile.TryContent(path) ?? throw new SkiffException($"the secret {name} of the container is missing ({path})", 125);
        string? reason =
            content.AsSpan().Contains((byte)0) ? "it has a zero byte"
            : !System.Text.Unicode.Utf8.IsValid(content) ? "it is not UTF-8 text"
            : content.Length + Encoding.UTF8.GetByteCount(variable) + 2 > LongestVariable ? "the kernel takes variables of at most 128 KiB"
            : null;
        return reason is null
            ? $"{variable}={Encoding.UTF8.GetString(content)}"
            : throw new SkiffException(
                $"the secret {name} cannot be the variable {variable}: {reason}; give it as a file, without type=env",
                125
            );
    }
}
