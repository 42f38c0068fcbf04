using System.Runtime.InteropServices;
using Skiff.Linux;

namespace Skiff.Images;

/// <summary>What an image runs on, in Go's words (image-spec image-index.md, "platform").</summary>
/// <param name="Os">GOOS: <c>linux</c>.</param>
/// <param name="Architecture">GOARCH: <c>amd64</c>, <c>arm64</c>, <c>arm</c>, …</param>
/// <param name="Variant">The CPU variant: <c>v7</c>; empty where the architecture's default is meant.</param>
/// <param name="OsVersion">Version of the operating system; only Windows images have one.</param>
public sealed record Platform(string Os, string Architecture, string Variant = "", string OsVersion = "")
{
    /// <summary>The platform of this process.</summary>
    public static Platform Host { get; } =
        new(
            "linux",
            RuntimeInformation.ProcessArchitecture switch
            {
                System.Runtime.InteropServices.Architecture.X64 => "amd64",
                System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
                System.Runtime.InteropServices.Architecture.Arm or System.Runtime.InteropServices.Architecture.Armv6 => "arm",
                System.Runtime.InteropServices.Architecture.X86 => "386",
                System.Runtime.InteropServices.Architecture.S390x => "s390x",
                System.Runtime.InteropServices.Architecture.Ppc64le => "ppc64le",
                System.Runtime.InteropServices.Architecture.LoongArch64 => "loong64",
                System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
                _ => "unknown",
            },
            RuntimeInformation.ProcessArchitecture switch
            {
                System.Runtime.InteropServices.Architecture.Arm => "v7",
                System.Runtime.InteropServices.Architecture.Armv6 => "v6",
                _ => "",
            }
        );

    /// <summary>Reads <c>os/arch[/variant]</c>, or an architecture alone; uname's names (<c>x86_64</c>, <c>aarch64</c>) are understood.</summary>
    public static Platform Parse(string text)
    {
        string[] parts = text.Split('/');
        foreach (string part in parts)
        {
            if (part.Length is 0 or > 64 || !Ascii.IsWord(part, "_.-"))
            {
                throw new SkiffException(
                    $"\"{Printable.Of(text)}\" is not a platform: expected os/architecture or os/architecture/variant, such as linux/arm64 or linux/arm/v7"
                );
            }
        }
        return parts.Length switch
        {
            1 when parts[0].ToLowerInvariant() is "linux" or "windows" or "darwin" or "freebsd" => Normalise(
                parts[0],
                Host.Architecture,
                Host.Variant
            ),
            1 when IsKnown(Normalise("linux", parts[0], "").Architecture) => Normalise("linux", parts[0], ""),
            1 => throw new SkiffException(
                $"\"{Printable.Of(text)}\" is not a platform: it is neither a system nor an architecture that is known; expected os/architecture, such as linux/arm64"
            ),
            2 => Normalise(parts[0], parts[1], ""),
            3 => Normalise(parts[0], parts[1], parts[2]),
            _ => throw new SkiffException($"\"{Printable.Of(text)}\" is not a platform: it has more than three parts"),
        };
    }

    private static bool IsKnown(string architecture) =>
        architecture
            is "386"
                or "amd64"
                or "arm"
                or "arm64"
                or "loong64"
                or "mips"
                or "mips64"
                or "mips64le"
                or "mipsle"
                or "ppc64"
                or "ppc64le"
                or "riscv64"
                or "s390x"
                or "wasm";

    /// <summary>The platform in Go's words: other names of an architecture replaced, default variants dropped (arm64/v8, amd64/v1) or added (arm is arm/v7).</summary>
    public static Platform Normalise(string os, string architecture, string variant, string osVersion = "")
    {
        os = os.ToLowerInvariant();
        architecture = architecture.ToLowerInvariant();
        variant = variant.ToLowerInvariant();
        (architecture, variant) = architecture switch
        {
            "x86_64" or "x86-64" or "x64" => ("amd64", variant),
            "i386" or "i486" or "i586" or "i686" => ("386", variant),
            "aarch64" => ("arm64", variant),
            "armhf" => ("arm", "v7"),
            "armel" => ("arm", "v6"),
            _ => (architecture, variant),
        };
        variant = (architecture, variant) switch
        {
            ("amd64", "v1") or ("arm64", "8" or "v8") => "",
            ("arm", "") or ("arm", "7") => "v7",
            ("arm", "5" or "6" or "8") => "v" + variant,
            _ => variant,
        };
        return new Platform(os, architecture, variant, osVersion);
    }

    /// <summary>True if a machine of this platform runs an image for <paramref name="offered"/>.</summary>
    public bool Matches(Platform offered) => Distance(offered) is not null;

    /// <summary>How far <paramref name="offered"/> is from what is wanted: 0 the same, greater for an older variant (arm v7 runs v6 and v5), null if it does not run.</summary>
    public int? Distance(Platform offered)
    {
        Platform wanted = Normalise(Os, Architecture, Variant);
        Platform given = Normalise(offered.Os, offered.Architecture, offered.Variant);
        if (wanted.Os != given.Os || wanted.Architecture != given.Architecture)
        {
            return null;
        }
        if (wanted.Variant == given.Variant)
        {
            return 0;
        }
        // arm64 v8 is the base of v9; amd64 v1 that of v2 to v4: an empty variant is that base.
        int? have = Level(wanted);
        int? need = Level(given);
        return have >= need ? have - need : null;
    }

    private static int? Level(Platform platform) =>
        (platform.Architecture, platform.Variant) switch
        {
            ("amd64", "") => 1,
            ("arm64", "") => 8,
            ("amd64" or "arm64" or "arm", ['v', >= '1' and <= '9' and var digit]) => digit - '0',
            _ => null,
        };

    /// <summary><c>linux/arm/v7</c>.</summary>
    public override string ToString() => Variant.Length == 0 ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";
}
