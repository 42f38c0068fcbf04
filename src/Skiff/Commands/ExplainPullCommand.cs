using System.Globalization;
using System.Text;
using System.Text.Json;
using Skiff.CommandLine;
using Skiff.Images;
using Skiff.Images.Registry;

namespace Skiff.Commands;

/// <summary><c>skiff explain pull</c>: the conversation with the registry that a pull would have.</summary>
internal static class ExplainPullCommand
{
    public static Command Define() =>
        new()
        {
            Name = "pull",
            Summary = "Show the requests that a pull would make",
            Usage = "[OPTIONS] NAME[:TAG|@DIGEST]",
            Description = "Nothing is sent. Credentials are named, not shown.",
            Flags =
            [
                Credentials.FileFlag(),
                Flag.Text("platform", "Platform of the image: os/architecture[/variant]"),
                Flag.Bool("tls-verify", "Require TLS with a valid certificate from the registry") with
                {
                    Default = "true",
                },
                Flag.Bool("json", "Print the steps as JSON"),
            ],
            MinArguments = 1,
            MaxArguments = 1,
            Completes = [Completion.Image],
            Run = Run,
        };

    private static int Run(Invocation invocation)
    {
        Reference reference = Reference.Parse(invocation.Arguments[0]);
        PullRequest request = PullRequest.From(invocation);
        bool inStore = EngineAccess.Images(invocation.Globals).Find(reference.ToString()) is not null;
        Credential? credential = Credentials.Open(invocation).Find(reference.Domain);
        RegistrySettings settings = RegistryFile.Load(Environment.GetEnvironmentVariable).For(reference.Domain);
        bool verifyTls = request.VerifyTls && settings.VerifyTls;
        IReadOnlyList<PullStep> steps = PullConversation.Of(
            reference,
            request.Platform ?? Platform.Host,
            verifyTls,
            inStore,
            credential,
            settings.Mirrors
        );
        if (invocation.Is("json"))
        {
            invocation.Output.Write(Json(reference, steps));
            return 0;
        }
        invocation.Output.Write(Text(reference, steps));
        return 0;
    }

    /// <summary><c>{"reference","steps":[{"request","headers","why","answers","source"}]}</c>, one line.</summary>
    internal static byte[] Json(Reference reference, IReadOnlyList<PullStep> steps)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter w = new(stream))
        {
            w.WriteStartObject();
            w.WriteString("reference"u8, reference.ToString());
            w.WriteStartArray("steps"u8);
            foreach (PullStep step in steps)
            {
                w.WriteStartObject();
                w.WriteString("request"u8, step.Request);
                Texts(w, "headers"u8, step.Headers);
                w.WriteString("why"u8, step.Why);
                Texts(w, "answers"u8, step.Answers);
                w.WriteString("source"u8, step.Source);
                w.WriteEndObject();
            }
            w.WriteEndArray();
            w.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void Texts(Utf8JsonWriter w, ReadOnlySpan<byte> name, IReadOnlyList<string> texts)
    {
        w.WriteStartArray(name);
        foreach (string text in texts)
        {
            w.WriteStringValue(text);
        }
        w.WriteEndArray();
    }

    /// <summary>The steps as numbered paragraphs.</summary>
    internal static string Text(Reference reference, IReadOnlyList<PullStep> steps)
    {
        var text = new StringBuilder($"pull {reference}\n");
        for (int i = 0; i < steps.Count; i++)
        {
            PullStep step = steps[i];
            text.Append(CultureInfo.InvariantCulture, $"\n{i + 1}. {step.Request}\n");
            foreach (string header in step.Headers)
            {
                text.Append($"     {header}\n");
            }
            text.Append($"   {step.Why}\n");
            foreach (string answer in step.Answers)
            {
                text.Append($"   - {answer}\n");
            }
            text.Append($"   [{step.Source}]\n");
        }
        return text.ToString();
    }
}
