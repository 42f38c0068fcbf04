using Skiff.Images.Store;
using Skiff.Linux;

namespace Skiff.Images.Archives;

/// <summary>A full disk in words, and what was begun taken back.</summary>
internal static class SpaceGuard
{
    internal static T Run<T>(ImageStore store, string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (LinuxException e) when (e.Errno is Errno.ENOSPC or Errno.EDQUOT)
        {
            _ = store.Collect();
            throw new SkiffException(
                $"no space to {what} the image: {e.Message}; remove images with `skiff image prune -a`, or put --root on a larger file system",
                1,
                e
            );
        }
    }
}
