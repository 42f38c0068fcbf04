using System.Text;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Secrets;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands.Secrets;

/// <summary><c>skiff secret create</c>.</summary>
internal static class SecretCreateCommand
{
    public static Command Define() =>
        new()
        {
            Name = "create",
            Summary = "Create a secret from a file, standard input or a variable",
            Usage = "[OPTIONS] NAME FILE|-",
            Description =
                "Prints the new secret's id. What the file holds is kept as it is, a line feed at its end included. "
                + "A secret has at least one byte and less than 512000.\n\nA container gets it with run --secret NAME, see docs/secrets.md.",
            Flags =
            [
                Flag.Text("driver", "Driver of the secret", 'd') with
                {
                    Default = "file",
                    Choices = ["file"],
                },
                Flag.Bool("env", "FILE is the name of an environment variable that holds the secret"),
                Flag.Bool("ignore", "If there is a secret of this name, leave it and print its id"),
                Flag.List("label", "Set a label: NAME[=VALUE]", 'l'),
                Flag.Bool("replace", "If there is a secret of this name, take its place"),
            ],
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.Secret, Completion.File],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = SecretAccess.Open(invocation);
        string name = invocation.Arguments[0];
        if (invocation.Value("driver") is { } driver and not "file")
        {
            throw new SkiffException($"there is no driver {driver} for secrets: only file exists, which keeps them below --root");
        }
        if (invocation.Is("ignore") && invocation.Is("replace"))
        {
            throw new SkiffException("--ignore and --replace exclude each other", 125);
        }
        SecretName.Check(name);
        if (invocation.Is("ignore") && engine.Secrets.TryFind(name) is { } existing)
        {
            invocation.Output.Line(existing.Id);
            return 0;
        }
        byte[] content = Content(invocation.Arguments[1], invocation.Is("env"));
        invocation.Output.Line(engine.Secrets.Create(name, content, Labels(invocation), invocation.Is("replace")).Id);
        return 0;
    }

    private static byte[] Content(string source, bool variable)
    {
        if (variable)
        {
            return Encoding.UTF8.GetBytes(
                Environment.GetEnvironmentVariable(source) ?? throw new SkiffException($"the environment variable {source} is not set")
            );
        }
        if (source == "-" && Tty.IsTerminal(0))
        {
            throw new SkiffException("no secret: standard input is a terminal, redirect it or name a file");
        }
        // One byte more than may be: whoever gives too much is told, whatever the file is.
        byte[] buffer = new byte[Secret.ContentLimit + 1];
        using SafeFd fd = source == "-" ? new SafeFd(Linux.FileTree.At.Duplicate(0)) : Files.Open(source, OpenFlags.O_RDONLY);
        int length = 0;
        for (int read; length < buffer.Length && (read = Files.Read(fd, buffer.AsSpan(length), source)) > 0; )
        {
            length += read;
        }
        return buffer[..length];
    }

    private static Dictionary<string, string> Labels(Invocation invocation)
    {
        Dictionary<string, string> labels = new(StringComparer.Ordinal);
        foreach (string text in invocation.Values("label"))
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals == 0 || text.Length == 0)
            {
                throw new SkiffException($"--label {text}: expected NAME[=VALUE]", 125);
            }
            labels[equals < 0 ? text : text[..equals]] = equals < 0 ? "" : text[(equals + 1)..];
        }
        return labels;
    }
}
