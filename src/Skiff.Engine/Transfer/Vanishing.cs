using Skiff.Engine.Containers;
using Skiff.Linux;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Transfer;

/// <summary>Work with the files of a container that another command may remove meanwhile.</summary>
internal static class Vanishing
{
    /// <summary>Does it; that a file is missing because the container has been removed is said so.</summary>
    internal static T Do<T>(SkiffEngine engine, ContainerRecord record, Func<T> work)
        where T : class
    {
        try
        {
            return work();
        }
        catch (LinuxException e) when (e.Errno == Errno.ENOENT && !engine.Containers.Exists(record.Id))
        {
            throw new SkiffException($"the container {record.Name} has just been removed", 1, e);
        }
    }
}
