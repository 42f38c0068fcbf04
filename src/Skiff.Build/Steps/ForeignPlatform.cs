using Skiff.Images;
using Skiff.Linux;

namespace Skiff.Build.Steps;

/// <summary>Programs for other processors run where the kernel knows an emulator for them (binfmt_misc).</summary>
internal static class ForeignPlatform
{
    /// <summary>Refuses a platform whose programs cannot be run here.</summary>
    internal static void Require(Platform platform)
    {
        if (platform.Architecture.Length == 0 || Platform.Host.Matches(platform))
        {
            return;
        }
        string machine = platform.Architecture switch
        {
            "amd64" => "x86_64",
            "arm64" => "aarch64",
            "386" => "i386",
            var other => other,
        };
        if (!Files.Exists($"/proc/sys/fs/binfmt_misc/qemu-{machine}"))
        {
            throw new SkiffException(
                $"this machine ({Platform.Host}) cannot run programs of {platform}: install qemu-user-static, which registers an emulator with binfmt_misc"
            );
        }
    }
}
