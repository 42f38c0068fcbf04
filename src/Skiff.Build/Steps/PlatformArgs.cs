using Skiff.Images;

namespace Skiff.Build.Steps;

/// <summary>The variables that every build has: BUILDPLATFORM, TARGETPLATFORM and their parts.</summary>
/// <param name="build">The machine's platform.</param>
/// <param name="target">The platform of the image.</param>
internal sealed class PlatformArgs(Platform build, Platform target)
{
    /// <summary>The platform of the image.</summary>
    internal Platform Target => target;

    /// <summary>The value of one; null for another name.</summary>
    internal string? Value(string name) =>
        name switch
        {
            "BUILDPLATFORM" => build.ToString(),
            "BUILDOS" => build.Os,
            "BUILDARCH" => build.Architecture,
            "BUILDVARIANT" => build.Variant,
            "TARGETPLATFORM" => target.ToString(),
            "TARGETOS" => target.Os,
            "TARGETARCH" => target.Architecture,
            "TARGETVARIANT" => target.Variant,
            _ => null,
        };

    /// <summary>Proxies: a value from <c>--build-arg</c> reaches commands without ARG, and is neither in the history nor in the cache's keys.</summary>
    internal static bool IsProxy(string name) =>
        name
            is "HTTP_PROXY"
                or "http_proxy"
                or "HTTPS_PROXY"
                or "https_proxy"
                or "FTP_PROXY"
                or "ftp_proxy"
                or "NO_PROXY"
                or "no_proxy"
                or "ALL_PROXY"
                or "all_proxy";
}
