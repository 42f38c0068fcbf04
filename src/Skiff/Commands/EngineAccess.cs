using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Network;
using Skiff.Engine.Secrets;
using Skiff.Engine.Volumes;
using Skiff.Images;
using Skiff.Images.Store;

namespace Skiff.Commands;

/// <summary>Opens the stores that the flags before the verb name.</summary>
internal static class EngineAccess
{
    /// <summary>The directories: <c>--root</c> and <c>--runroot</c>, or the default places.</summary>
    public static EnginePaths Paths(Globals globals) => SkiffEngine.Open(globals.Root, globals.Runroot).Paths;

    /// <summary>The images.</summary>
    public static ImageStore Images(Globals globals) => ImageStore.Open(Paths(globals).Root);

    /// <summary>The containers.</summary>
    public static ContainerStore Containers(Globals globals) => new(Paths(globals));

    /// <summary>The volumes.</summary>
    public static VolumeStore Volumes(Globals globals) => SkiffEngine.Open(globals.Root, globals.Runroot).Volumes;

    /// <summary>The networks.</summary>
    public static NetworkStore Networks(Globals globals) => SkiffEngine.Open(globals.Root, globals.Runroot).Networks;

    /// <summary>The secrets.</summary>
    public static SecretStore Secrets(Globals globals) => SkiffEngine.Open(globals.Root, globals.Runroot).Secrets;

    /// <summary>Which container uses an image, in words; the containers are read once.</summary>
    public static Func<Digest, string?> UsedBy(Globals globals)
    {
        Dictionary<string, string>? users = null;
        return id =>
        {
            if (users is null)
            {
                users = [];
                foreach (ContainerRecord record in Containers(globals).List())
                {
                    users.TryAdd(record.ImageId, $"container {record.Name}");
                    foreach (MountRecord mount in record.Mounts)
                    {
                        if (mount.Type == "image")
                        {
                            users.TryAdd(mount.Source, $"container {record.Name}");
                        }
                    }
                }
            }
            return users.GetValueOrDefault(id.ToString());
        };
    }
}
