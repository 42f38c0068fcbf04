using Skiff.Images.Registry;

namespace Skiff.Images;

/// <summary>One exchange of a pull, explained.</summary>
/// <param name="Request">Method and address.</param>
/// <param name="Headers">The headers that matter, <c>Name: value</c>.</param>
/// <param name="Why">One sentence.</param>
/// <param name="Answers">What the registry may answer, and what follows from it.</param>
/// <param name="Source">Where it is specified.</param>
public sealed record PullStep(string Request, IReadOnlyList<string> Headers, string Why, IReadOnlyList<string> Answers, string Source);

/// <summary>The requests that a pull of a reference makes, with reasons: for <c>explain pull</c>. Made without any network access.</summary>
public static class PullConversation
{
    private const string Pull = "distribution-spec, \"Pull\"";

    /// <summary>The steps, in order.</summary>
    /// <param name="reference">What would be pulled.</param>
    /// <param name="platform">For which platform.</param>
    /// <param name="verifyTls">False for <c>--tls-verify=false</c>.</param>
    /// <param name="inStore">True if the name is in the store: then its digest is asked for first.</param>
    /// <param name="credential">The login that would be used; null for none. Its secret is not shown.</param>
    /// <param name="mirrors">The mirrors of the registry, in their order.</param>
    public static IReadOnlyList<PullStep> Of(
        Reference reference,
        Platform platform,
        bool verifyTls,
        bool inStore,
        Credential? credential,
        IReadOnlyList<Mirror>? mirrors = null
    )
    {
        Endpoint endpoint = Endpoint.Of(reference.Domain, verifyTls);
        string root = $"{endpoint.Schemes[0]}://{endpoint.Authority}/v2/{reference.Repository}";
        string manifest = $"{root}/manifests/{reference.Target}";
        string accept = "Accept: " + MediaTypes.AcceptManifests;
        string other =
            endpoint.Schemes.Count > 1
                ? $"no {endpoint.Schemes[0]} spoken there: the same over {endpoint.Schemes[1]}"
                : "no TLS, or a certificate nobody vouches for: an error; nothing is sent without TLS";
        List<PullStep> steps = [];
        foreach (Mirror mirror in inStore && reference.Digest is not null ? [] : mirrors ?? [])
        {
            steps.Add(
                new PullStep(
                    $"(all that follows, first to {mirror}: {mirror.Of(reference).Name})",
                    [],
                    "A mirror that skiff.toml names is asked first, with a login of its own.",
                    [
                        "whatever is asked for: taken from here",
                        "an error: it is passed over for the rest of this pull, also in the middle of a layer",
                    ],
                    "skiff.toml"
                )
            );
        }
        if (inStore && reference.Digest is null)
        {
            steps.Add(
                new PullStep(
                    $"HEAD {manifest}",
                    [accept],
                    "The name is in the store: does it still stand for the same image? One request, no content.",
                    [
                        "200 with the known Docker-Content-Digest: up to date, nothing else is asked",
                        "another digest: the pull goes on",
                        other,
                    ],
                    Pull
                )
            );
        }
        if (inStore && reference.Digest is not null)
        {
            return
            [
                new PullStep(
                    "(no request)",
                    [],
                    "The name is pinned by a digest that is in the store; a digest never changes its meaning.",
                    [],
                    "image-spec, descriptor.md"
                ),
            ];
        }
        steps.Add(
            new PullStep(
                $"GET {manifest}",
                [accept],
                reference.Digest is null
                    ? $"What does {reference.Familiar} stand for? Asked without a login: a registry that wants one says so and says how."
                    : "The content behind the digest; it is hashed and must match.",
                [
                    "200: a manifest, or an index of manifests",
                    "401 with WWW-Authenticate: Bearer realm,service,scope: the token step",
                    "401 with Basic: the same again with the login",
                    "429 or 5xx: again after Retry-After, or after a growing wait",
                    other,
                ],
                Pull
            )
        );
        steps.Add(
            new PullStep(
                $"GET REALM?service=SERVICE&scope={RegistryClient.PullScope(reference)}",
                [credential is null ? "(no Authorization: an anonymous token)" : $"Authorization: Basic ({credential}; not shown)"],
                "A token for this repository, read only, from the service that the challenge names; the request before it is made again with it. The password goes to that service alone, and only over TLS.",
                ["200 {\"token\"} or {\"access_token\"}", "401: the login is wrong"],
                "distribution, \"Token Authentication\""
            )
        );
        if (reference.Digest is null || !inStore)
        {
            steps.Add(
                new PullStep(
                    $"GET {root}/manifests/sha256:…",
                    [accept, "Authorization: Bearer (not shown)"],
                    $"Only if the answer is an index: the manifest for {platform}. Attestations are passed over; of several variants the nearest that runs here is taken.",
                    ["200: its bytes must have the digest of the index's entry"],
                    "image-spec, image-index.md"
                )
            );
        }
        steps.Add(
            new PullStep(
                $"GET {root}/blobs/sha256:… (config)",
                ["Authorization: Bearer (not shown)"],
                "How the image wants to be run, and the diffIDs that the unpacked layers must have.",
                ["200, or 307 to a storage host: followed without Authorization", "size and digest are checked"],
                Pull
            )
        );
        steps.Add(
            new PullStep(
                $"GET {root}/blobs/sha256:… (each layer that is not in the store)",
                ["Authorization: Bearer (not shown)", "Range: bytes=N- (only to go on where an earlier attempt or pull stopped)"],
                "All at once, the biggest first; each is hashed, kept, decompressed, hashed again and unpacked while it arrives.",
                [
                    "206 from N: goes on",
                    "200 to a Range: begins at 0, what is known is passed over",
                    "206 from elsewhere: not used",
                    "silence or a cut: a new connection from the byte that is missing",
                ],
                "distribution-spec, \"Resumable Pull\""
            )
        );
        return steps;
    }
}
