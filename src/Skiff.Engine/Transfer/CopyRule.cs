using Skiff.Linux;

namespace Skiff.Engine.Transfer;

/// <summary>docker's table of what <c>cp</c> does, "docker container cp", Extended description.</summary>
public static class CopyRule
{
    /// <summary>Decides.</summary>
    /// <param name="source">What is copied; never missing.</param>
    /// <param name="from">How it was written.</param>
    /// <param name="destination">What is at the destination.</param>
    /// <param name="to">How that was written.</param>
    /// <exception cref="SkiffException">The two do not go together.</exception>
    public static CopyForm Decide(FileKind source, CopyPath from, FileKind destination, CopyPath to) =>
        (source, destination) switch
        {
            (FileKind.File, _) when from.IsDirectory => throw new SkiffException(
                $"not a directory: {from.Path} is a file, so no slash may follow it"
            ),
            (FileKind.Directory, FileKind.Directory) => from.ContentOnly ? CopyForm.Content : CopyForm.Into,
            (FileKind.File, FileKind.Directory) => CopyForm.Into,
            (FileKind.Directory, FileKind.File) => throw new SkiffException($"cannot copy directory: {to.Path} exists and is a file"),
            (FileKind.File, FileKind.File) when to.IsDirectory => throw new SkiffException(
                $"not a directory: {to.Path} is a file, so no slash may follow it"
            ),
            (FileKind.File, FileKind.Missing) when to.IsDirectory => throw new SkiffException(
                $"no such directory: {to.Path} must exist to copy a file into it"
            ),
            _ => CopyForm.Named,
        };
}
