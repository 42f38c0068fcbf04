using System.Globalization;
using System.Text;
using Skiff.CommandLine;
using Skiff.Commands.Containers;
using Skiff.Engine;
using Skiff.Engine.Secrets;
using Skiff.Format;
using Skiff.Linux;

namespace Skiff.Commands.Secrets;

/// <summary><c>skiff secret inspect</c>.</summary>
internal static class SecretInspectCommand
{
    public static Command Define() =>
        new()
        {
            Name = "inspect",
            Summary = "Show what is known of secrets, as JSON",
            Usage = "[OPTIONS] SECRET [SECRET...]",
            Description = "What a secret holds is shown with --showsecret only.",
            Flags =
            [
                InspectPrinter.FormatFlag(),
                Flag.Bool("pretty", "Print for people"),
                Flag.Bool("showsecret", "Show what the secret holds"),
            ],
            MinArguments = 1,
            Completes = [Completion.Secret],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        SkiffEngine engine = SecretAccess.Open(invocation);
        bool show = invocation.Is("showsecret");
        if (!invocation.Is("pretty"))
        {
            return InspectPrinter.Print(
                invocation.Output,
                invocation.Value("format"),
                invocation.Arguments,
                name => Describe(engine.Secrets, engine.Secrets.Find(name), show)
            );
        }
        if (invocation.Has("format"))
        {
            throw new SkiffException("--format and --pretty exclude each other", 125);
        }
        return Each.Argument(invocation, name => invocation.Output.Write(Pretty(engine.Secrets, engine.Secrets.Find(name), show)));
    }

    /// <summary>docker's shape, with podman's options of the driver and content.</summary>
    private static Value Describe(SecretStore store, Secret secret, bool show)
    {
        List<(string, Value)> fields =
        [
            ("ID", Value.Of(secret.Id)),
            ("CreatedAt", Value.Of(ContainerJson.Time(secret.Created))),
            ("UpdatedAt", Value.Of(ContainerJson.Time(secret.Updated))),
            (
                "Spec",
                Value.Struct(
                    ("Name", Value.Of(secret.Name)),
                    (
                        "Driver",
                        Value.Struct(
                            ("Name", Value.Of("file")),
                            ("Options", Value.Of(new Dictionary<string, string> { ["path"] = store.Place }))
                        )
                    ),
                    ("Labels", Value.Of(secret.Labels))
                )
            ),
        ];
        // A template may name the field without the flag: it is empty then.
        fields.Add(("SecretData", Value.Of(show ? Encoding.UTF8.GetString(store.Content(secret)) : "")));
        Value whole = Value.Struct(fields);
        return show ? whole : whole.As(Value.Struct(fields[..^1]));
    }

    private static string Pretty(SecretStore store, Secret secret, bool show)
    {
        StringBuilder text = new();
        Line("ID:", secret.Id);
        Line("Name:", secret.Name);
        if (secret.Labels.Count > 0)
        {
            text.Append("Labels:\n");
            foreach ((string name, string value) in secret.Labels.OrderBy(static l => l.Key, StringComparer.Ordinal))
            {
                text.Append(" - ").Append(name).Append(value.Length > 0 ? "=" : "").Append(value).Append('\n');
            }
        }
        Line("Driver:", "file");
        Line("Created at:", Time(secret.Created));
        Line("Updated at:", Time(secret.Updated));
        if (show)
        {
            Line("Secret:", Encoding.UTF8.GetString(store.Content(secret)));
        }
        return text.ToString();

        void Line(string title, string value) => text.Append(title.PadRight(19)).Append(value).Append('\n');
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture) + " +0000 UTC";
}
