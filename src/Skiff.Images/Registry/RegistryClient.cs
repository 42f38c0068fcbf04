using System.Net;
using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>How to speak to registries.</summary>
public sealed record RegistryOptions
{
    /// <summary>False for <c>--tls-verify=false</c>.</summary>
    public bool VerifyTls { get; init; } = true;

    /// <summary>The login; null for none. It is asked for only when a registry challenges.</summary>
    public Func<string, Credential?> FindCredential { get; init; } = _ => null;

    /// <summary>Options with the logins of docker's config.json, which is read when a registry first challenges, and with <c>skiff.toml</c>.</summary>
    /// <param name="verifyTls">False for <c>--tls-verify=false</c>.</param>
    /// <param name="authFile">The file of <c>--authfile</c>; null for the usual places.</param>
    /// <param name="helper">Starts credential helpers; null if none can be started.</param>
    public static RegistryOptions WithLogins(bool verifyTls, string? authFile, CredentialHelper? helper)
    {
        Lazy<RegistryFile> file = new(() => RegistryFile.Load(Environment.GetEnvironmentVariable));
        return new RegistryOptions
        {
            VerifyTls = verifyTls,
            Settings = domain => file.Value.For(domain),
            FindCredential = domain =>
                AuthFile.Load(AuthFile.DefaultPath(authFile, Environment.GetEnvironmentVariable), helper).Find(domain),
        };
    }

    /// <summary>What <c>skiff.toml</c> says about a registry.</summary>
    public Func<string, RegistrySettings> Settings { get; init; } = _ => RegistrySettings.Default;

    /// <summary>True for a mirror that is written with <c>http://</c>.</summary>
    public bool PlainHttp { get; init; }

    /// <summary>Attempts and waits.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    /// <summary>The clock for <c>Retry-After</c>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Waits; tests record the times instead.</summary>
    public Action<TimeSpan, CancellationToken> Wait { get; init; } =
        (time, cancellation) =>
        {
            _ = cancellation.WaitHandle.WaitOne(time);
            cancellation.ThrowIfCancellationRequested();
        };

    /// <summary>Told what is worth knowing and stops nothing, a sentence.</summary>
    public Action<string>? Noted { get; init; }

    /// <summary>Told before each wait: the reason, the wait, how many failures there were.</summary>
    public Action<string, TimeSpan, int>? Retrying { get; init; }
}

/// <summary>A manifest or index as the registry sent it.</summary>
/// <param name="Digest">The digest of exactly these bytes.</param>
/// <param name="MediaType">The type the registry gave; may be empty.</param>
/// <param name="Bytes">At most <see cref="ImageManifest.MaxBytes"/>.</param>
public sealed record FetchedManifest(Digest Digest, string MediaType, byte[] Bytes);

/// <summary>Pulls from one repository of one registry (distribution-spec, "Pull"): challenge-driven logins, redirects, retries. Safe for several threads; calls block.</summary>
public sealed partial class RegistryClient : IDisposable
{
    private const int MaxRedirects = 10;

    private readonly Reference _reference;
    private readonly RegistryOptions _options;
    private readonly Endpoint _endpoint;
    private readonly Transport _transport;
    private readonly Lock _authLock = new();
    private volatile string? _authorization;
    private volatile string? _scheme;
    private Credential? _credential;
    private SkiffException? _noCredential;

    /// <summary>A client for the repository of <paramref name="reference"/>. No request is made yet.</summary>
    public RegistryClient(Reference reference, RegistryOptions options)
    {
        _reference = reference;
        _options = options;
        _endpoint = Endpoint.Of(reference.Domain, options.VerifyTls && options.Settings(reference.Domain).VerifyTls, options.PlainHttp);
        _transport = new Transport(_endpoint, options.Retry);
    }

    /// <summary>The scope of the token that a pull needs.</summary>
    internal static string PullScope(Reference reference) =>
        reference.Repository.Length == 0 ? "" : $"repository:{reference.Repository}:pull";

    /// <summary>Asks for the digest behind a tag without its content (which Docker Hub does not count as a pull); null if the registry does not say, or does not know HEAD.</summary>
    public Digest? HeadManifest(string target, CancellationToken cancellation)
    {
        try
        {
            return Retry(
                () =>
                {
                    using HttpResponseMessage response = Send(
                        HttpMethod.Head,
                        ManifestPath(target),
                        MediaTypes.AcceptManifests,
                        null,
                        cancellation
                    );
                    return ContentDigest(response);
                },
                cancellation
            );
        }
        catch (AnswerException e) when (e.Status is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented)
        {
            return null;
        }
        catch (AnswerException e)
        {
            throw Refused(e, null);
        }
    }

    /// <summary>Gets a manifest or index by tag or digest and verifies its digest.</summary>
    public FetchedManifest GetManifest(string target, CancellationToken cancellation) =>
        Sentences(
            Digest.TryParse(target, out Digest part) && part != _reference.Digest ? part : null,
            () =>
                Retry(
                    () =>
                    {
                        using HttpResponseMessage response = Send(
                            HttpMethod.Get,
                            ManifestPath(target),
                            MediaTypes.AcceptManifests,
                            null,
                            cancellation
                        );
                        string mediaType = MediaTypeOf(response);
                        byte[] bytes = ReadAll(response, ImageManifest.MaxBytes, $"the manifest of {_reference.Familiar}", cancellation);
                        // The digest asked for, else the one that the registry claims, must be that of the bytes (REG-10).
                        Digest? expected = Digest.TryParse(target, out Digest asked) ? asked : ContentDigest(response);
                        return expected is not Digest digest ? new FetchedManifest(Digest.Of(bytes), mediaType, bytes)
                            : digest.IsOf(bytes) ? new FetchedManifest(digest, mediaType, bytes)
                            : throw new SkiffException(
                                $"the manifest that {_reference.Domain} sent for {_reference.Familiar} is not the one with digest {digest}: it is damaged or forged"
                            );
                    },
                    cancellation
                )
        );

    /// <summary>Gets a small blob, the config, whole, and verifies size and digest.</summary>
    public byte[] GetBlob(Descriptor descriptor, int limit, CancellationToken cancellation)
    {
        if (descriptor.Size > limit)
        {
            throw new SkiffException(
                $"the config of {_reference.Familiar} has {descriptor.Size} bytes, more than the {limit} that are accepted"
            );
        }
        using Stream body = OpenBlob(descriptor, 0, cancellation);
        byte[] bytes = new byte[descriptor.Size];
        body.ReadExactly(bytes);
        // The end of the body is asked for too: it fails if there is more than the descriptor says.
        _ = body.Read(new byte[1]);
        return descriptor.Digest.IsOf(bytes)
            ? bytes
            : throw new SkiffException(
                $"the blob {descriptor.Digest} that {_reference.Domain} sent has another content: it is damaged or forged"
            );
    }

    /// <summary>Opens a blob at an offset. The stream connects again, where it stopped, when the connection breaks or stalls; it ends at the size of the descriptor.</summary>
    public Stream OpenBlob(Descriptor descriptor, long offset, CancellationToken cancellation) =>
        new BlobStream(this, descriptor, offset, cancellation);

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>The body from about <paramref name="offset"/> on, and the offset at which it really begins: 0 where the registry ignores Range (REG-08).</summary>
    internal (HttpResponseMessage Response, long Start) RequestBlob(
        Descriptor descriptor,
        long offset,
        bool useRange,
        CancellationToken cancellation
    )
    {
        string? range = offset > 0 && useRange ? $"bytes={offset}-" : null;
        HttpResponseMessage response = Send(
            HttpMethod.Get,
            $"/v2/{_reference.Repository}/blobs/{descriptor.Digest}",
            "*/*",
            range,
            cancellation
        );
        if (response.StatusCode != HttpStatusCode.PartialContent)
        {
            return (response, 0);
        }
        // RFC 9110, section 14.4: bytes FIRST-LAST/SIZE. A wrong first byte must never be appended.
        if (response.Content.Headers.ContentRange is { From: long from, Unit: "bytes" } && from == offset && range is not null)
        {
            return (response, from);
        }
        response.Dispose();
        throw new TransientException(RangeMistake);
    }

    internal const string RangeMistake = "the registry answered with another range than the one asked for";

    internal RetryPolicy Policy => _options.Retry;

    internal string Describe(Exception e)
    {
        if (e is TransientException)
        {
            return e.Message;
        }
        Uri place = Place(e);
        string there = place.Authority == _endpoint.Authority ? "" : $" ({_reference.Domain} redirects there)";
        return RegistryErrors.Connection(e, _transport, place) + there;
    }

    /// <summary>Remembers of which address a failure is: a registry sends clients elsewhere for its blobs.</summary>
    internal static Exception At(Exception e, Uri? address)
    {
        if (address is not null && e.Data[nameof(Place)] is null)
        {
            e.Data[nameof(Place)] = address;
        }
        return e;
    }

    private Uri Place(Exception e) => e.Data[nameof(Place)] as Uri ?? Address(_scheme ?? _endpoint.Schemes[0], "/");

    // A registry that was never reached is most likely misspelt or down: say so at once instead of after six attempts.
    internal bool IsTransient(Exception e) =>
        e is TransientException
        || (_scheme is not null || !RegistryErrors.IsUnreachable(e)) && RegistryErrors.IsTransient(e, _transport, Place(e));

    internal SkiffException Refused(AnswerException e, Digest? part) =>
        e.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden && _noCredential is SkiffException failed
            ? new SkiffException($"{_reference.Domain} wants a login for {_reference.Familiar}, and {failed.Message}", 1, e)
            : RegistryErrors.Refused(_reference, e, _credential, part);

    internal SkiffException GivenUp(string what, string reason, Exception e) =>
        new(
            $"{what} could not be fetched from {_reference.Domain} after {Policy.Attempts} attempts: {reason}; the next pull goes on where this one stopped",
            1,
            e
        );

    /// <summary>Waits before attempt <paramref name="failures"/> + 1.</summary>
    internal void Pause(Exception e, int failures, CancellationToken cancellation)
    {
        TimeSpan delay = Policy.Delay(failures, (e as TransientException)?.RetryAfter, Jitter());
        _options.Retrying?.Invoke(Describe(e), delay, failures);
        _options.Wait(delay, cancellation);
    }

    private string What =>
        _reference.Repository.Length == 0 ? $"no login at {_reference.Domain}" : $"{_reference.Familiar} cannot be pulled";

    private static double Jitter()
    {
        Span<byte> random = stackalloc byte[1];
        RandomBytes.Fill(random);
        return random[0] / 255.0;
    }

    private string ManifestPath(string target) => $"/v2/{_reference.Repository}/manifests/{target}";

    private static Digest? ContentDigest(HttpResponseMessage response) =>
        response.Headers.NonValidated.TryGetValues("Docker-Content-Digest", out System.Net.Http.Headers.HeaderStringValues values)
        && Digest.TryParse(values.ToString(), out Digest digest)
            ? digest
            : null;

    private static string MediaTypeOf(HttpResponseMessage response)
    {
        string value = response.Content.Headers.NonValidated.TryGetValues(
            "Content-Type",
            out System.Net.Http.Headers.HeaderStringValues values
        )
            ? values.ToString()
            : "";
        int semicolon = value.IndexOf(';');
        return (semicolon < 0 ? value : value[..semicolon]).Trim();
    }

    private T Sentences<T>(Digest? part, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (AnswerException e)
        {
            throw Refused(e, part);
        }
    }

    private T Retry<T>(Func<T> action, CancellationToken cancellation)
    {
        for (int failures = 1; ; failures++)
        {
            try
            {
                return action();
            }
            catch (Exception e) when (IsTransient(e))
            {
                cancellation.ThrowIfCancellationRequested();
                if (failures >= Policy.Attempts)
                {
                    throw new SkiffException($"{What}: {Describe(e)} (tried {failures} times)", 1, e);
                }
                Pause(e, failures, cancellation);
            }
            catch (Exception e) when (e is HttpRequestException)
            {
                throw new SkiffException($"{What}: {Describe(e)}", 1, e);
            }
        }
    }
}
