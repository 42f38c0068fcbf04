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
        catch (LinuxException e) when (FullDisk.IsMeant(e))
        {
            _ = store.Collect();
            throw new SkiffException($"no space to {what} the image: {e.Message}; {FullDisk.Advice(store.Root)}", 1, e);
        }
    }
}
