using System.Text;
using Skiff.Build.Parsing;
using Skiff.Engine.Launch;
using Skiff.Linux;

namespace Skiff.Build.Context;

/// <summary>The files of a context that are for the build and not for the image.</summary>
public static class ContextFiles
{
    private const int MaxIgnoreBytes = 4 << 20;

    /// <summary>The patterns of <c>DOCKERFILE.dockerignore</c> beside a Dockerfile, else of the context's <c>.dockerignore</c>; none without.</summary>
    /// <param name="context">The context's directory.</param>
    /// <param name="dockerfile">The path of the Dockerfile; null without.</param>
    public static IgnorePatterns Ignored(string context, string? dockerfile)
    {
        foreach (string? path in (string?[])[dockerfile is null ? null : dockerfile + ".dockerignore", context + "/.dockerignore"])
        {
            if (path is null)
            {
                continue;
            }
            byte[]? bytes = Files.TryReadAll(path, out int errno, MaxIgnoreBytes);
            if (bytes is not null)
            {
                try
                {
                    return IgnorePatterns.Parse(Encoding.UTF8.GetString(bytes));
                }
                catch (SkiffException e)
                {
                    throw new SkiffException($"{path}: {e.Message}", 1, e);
                }
            }
            if (errno is not (Errno.ENOENT or Errno.ENOTDIR))
            {
                throw new SkiffException($"cannot read {path}: {Errno.Describe(errno)}");
            }
        }
        return IgnorePatterns.None;
    }

    /// <summary>The same for a context of a stranger: its links lead nowhere else.</summary>
    /// <param name="root">The context.</param>
    /// <param name="dockerfile">The path of the Dockerfile in it.</param>
    public static IgnorePatterns IgnoredIn(SafeFd root, string dockerfile)
    {
        foreach (string path in (string[])[dockerfile + ".dockerignore", ".dockerignore"])
        {
            using SafeFd? file = LayeredFiles.OpenIn(root.Value, "./" + path, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK, out _);
            if (file is not null)
            {
                byte[] bytes = Files.TryReadAll($"/proc/self/fd/{file.Value}", out _, MaxIgnoreBytes) ?? [];
                return IgnorePatterns.Parse(Encoding.UTF8.GetString(bytes));
            }
        }
        return IgnorePatterns.None;
    }

    /// <summary>Reads a Dockerfile.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="shown">The path as it was written.</param>
    public static string ReadDockerfile(string path, string shown)
    {
        byte[] bytes =
            Files.TryReadAll(path, out int errno, Dockerfile.MaxBytes + 1)
            ?? throw new SkiffException(
                errno == Errno.ENOENT ? $"failed to read dockerfile: {shown}: no such file; name another with -f"
                : errno == Errno.EISDIR ? $"failed to read dockerfile: {shown} is a directory"
                : $"failed to read dockerfile: {shown}: {Errno.Describe(errno)}"
            );
        return bytes.Length <= Dockerfile.MaxBytes
            ? Encoding.UTF8.GetString(bytes)
            : throw new SkiffException($"{shown} has more than the {Dockerfile.MaxBytes} bytes that are accepted");
    }
}
