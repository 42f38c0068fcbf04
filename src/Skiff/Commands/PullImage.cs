using System.Collections.Concurrent;
using Skiff.CommandLine;
using Skiff.Display;
using Skiff.Engine.Spec;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Images.Store;
using Skiff.Linux;
using Skiff.Linux.Terminal;

namespace Skiff.Commands;

/// <summary>How a verb wants an image to be fetched and the fetching to be shown.</summary>
internal sealed record PullRequest
{
    /// <summary><c>--platform</c>; null for this machine's.</summary>
    public Platform? Platform { get; init; }

    /// <summary>False for <c>--tls-verify=false</c>.</summary>
    public bool VerifyTls { get; init; } = true;

    /// <summary>The credentials file; null for the usual places.</summary>
    public string? AuthFile { get; init; }

    /// <summary><c>auto</c>, <c>plain</c>, <c>tty</c> or <c>json</c>.</summary>
    public string Progress { get; init; } = "auto";

    /// <summary>Show nothing.</summary>
    public bool Quiet { get; init; }

    /// <summary>How the registry is spoken to.</summary>
    public RegistryOptions Registry => RegistryOptions.WithLogins(VerifyTls, AuthFile, Credentials.Helper);

    /// <summary>From the flags that <c>pull</c>, <c>run</c> and <c>create</c> have in common: platform, tls-verify, quiet, authfile, progress where the verb has them.</summary>
    public static PullRequest From(Invocation invocation) =>
        new()
        {
            Platform = invocation.Value("platform") is { Length: > 0 } platform ? Platform.Parse(platform) : null,
            VerifyTls = invocation.Is("tls-verify", true),
            AuthFile = Credentials.File(invocation),
            Progress = invocation.Value("progress") ?? "auto",
            Quiet = invocation.Is("quiet"),
        };
}

/// <summary>Fetches images for <c>pull</c>, <c>run</c> and <c>create</c>.</summary>
internal static class PullImage
{
    /// <summary>The image, fetched where the policy says so. Progress goes to standard error: standard output is the container's.</summary>
    /// <exception cref="SkiffException">It is absent and may not be fetched, or the pull failed; with <see cref="PullPolicy.Newer"/> a failed check is no error while an image is here.</exception>
    public static Image Ensure(
        ImageStore store,
        string name,
        PullPolicy policy,
        PullRequest request,
        Output output,
        Action? beforePull = null
    )
    {
        Image? here = policy == PullPolicy.Always ? null : store.Find(name);
        if (here is not null && request.Platform is { } wanted && !wanted.Matches(here.Config.Platform))
        {
            if (policy == PullPolicy.Never)
            {
                throw new SkiffException(
                    $"the image {name} is for {here.Config.Platform}, not for {wanted} (--pull=never: no other is fetched)"
                );
            }
            here = null;
        }
        if (here is not null && policy != PullPolicy.Newer)
        {
            return here;
        }
        if (policy == PullPolicy.Never)
        {
            throw new SkiffException($"No such image: {name} (--pull=never: it is not fetched){Near(store, name)}");
        }
        // An id cannot be asked for at a registry: there is nothing newer than it, and nothing to fetch.
        if (
            store.Find(name) is { } byId
            && (byId.Names.Count == 0 || !Reference.TryParse(name, out Reference? named) || !byId.Names.Contains(named))
            && IsId(byId, name)
        )
        {
            return byId;
        }
        Reference reference = Reference.Parse(name);
        beforePull?.Invoke();
        if (here is null && policy == PullPolicy.Missing && !request.Quiet)
        {
            output.ErrorLine($"Unable to find image '{reference.Familiar}' locally");
        }
        try
        {
            return Pull(store, reference, request, output, standardError: true).Image;
        }
        catch (SkiffException e) when (policy == PullPolicy.Newer && here is not null)
        {
            output.Warn($"the image here is used: {e.Message}");
            return here;
        }
        catch (SkiffException e) when (here is null && Near(store, name) is { Length: > 0 } near)
        {
            throw new SkiffException(e.Message + near, e.ExitCode, e);
        }
    }

    /// <summary>What is here and may have been meant.</summary>
    private static string Near(ImageStore store, string name) =>
        store.Suggest(name) is { Count: > 0 } near ? $"; did you mean {near[0]}, which is here?" : "";

    /// <summary>Pulls, shows the progress, and can be interrupted.</summary>
    public static (Image Image, PullResult Result) Pull(
        ImageStore store,
        Reference reference,
        PullRequest request,
        Output output,
        bool standardError
    )
    {
        using Interruption interruption = new();
        var seen = new LastResult(Display(request, output, standardError));
        PullOptions options = new() { Platform = request.Platform, Registry = request.Registry };
        Image image = Puller.Pull(store, reference, options, seen, interruption.Token);
        foreach (string note in request.Progress == "json" ? [] : seen.Notes)
        {
            output.Warn(note);
        }
        ImageEvents.Of(store).Image(reference.Familiar, "pull", reference.FamiliarName);
        return (image, seen.Result ?? throw new InvalidOperationException("the pull ended without a result"));
    }

    private static IPullProgress Display(PullRequest request, Output output, bool standardError)
    {
        if (request.Quiet)
        {
            return new SilentPull();
        }
        int fd = standardError ? 2 : 1;
        Action<string> write = standardError ? output.Error : output.Write;
        bool terminal =
            request.Progress == "tty"
            || (request.Progress == "auto" && Tty.IsTerminal(fd) && Environment.GetEnvironmentVariable("TERM") != "dumb");
        return request.Progress == "json" ? new JsonPull(write)
            : terminal ? new TerminalPull(write, fd, TimeProvider.System)
            : new PlainPull(write);
    }

    private static bool IsId(Image image, string text)
    {
        string hex = text.StartsWith("sha256:", StringComparison.Ordinal) ? text[7..] : text;
        return image.Id.Hex.StartsWith(hex, StringComparison.Ordinal);
    }

    /// <summary>Keeps the result that the last event carries, and what is to be said after the progress.</summary>
    private sealed class LastResult(IPullProgress inner) : IPullProgress
    {
        private readonly ConcurrentQueue<string> _notes = new();

        public IEnumerable<string> Notes => _notes;

        public PullResult? Result { get; private set; }

        public void Report(PullEvent happened)
        {
            if (happened is PullDone done)
            {
                Result = done.Result;
            }
            else if (happened is PullNote note)
            {
                _notes.Enqueue(note.Text);
            }
            inner.Report(happened);
        }
    }
}
