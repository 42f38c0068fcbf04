using System.Text;
using Skiff.Engine.Spec;
using Skiff.Linux;
using Skiff.Linux.Mounts;

namespace Skiff.Engine.Launch;

/// <summary>A bind can only share mounts with the host where the mount that its source lies in shares them, mount_namespaces(7).</summary>
internal static class PropagationCheck
{
    /// <summary>Refuses shared and slave binds of a source that shares nothing, as docker does: they would silently be private.</summary>
    internal static void Check(SpecResult result)
    {
        byte[]? table = null;
        foreach (AskedMount asked in result.Asked)
        {
            bool shared = asked.Mount.Propagation is Propagation.Shared or Propagation.RShared;
            bool slave = asked.Mount.Propagation is Propagation.Slave or Propagation.RSlave;
            if (asked.Mount.Type != MountType.Bind || !(shared || slave))
            {
                continue;
            }
            table ??= Files.TryReadAll("/proc/self/mountinfo", out _) ?? [];
            (string place, bool isShared, bool isSlave) = MountOf(table, Path.GetFullPath(asked.Mount.Source));
            if (!(isShared || (slave && isSlave)))
            {
                throw new SkiffException(
                    $"{asked.Mount.Source} is on the mount {place}, which is not {(shared ? "shared" : "shared or slave")}, so it cannot be bound with {MountGrammar.PropagationName(asked.Mount.Propagation)}: make it so with mount --make-shared {place}",
                    125
                );
            }
        }
    }

    private static (string Place, bool Shared, bool Slave) MountOf(byte[] table, string path)
    {
        (string place, bool shared, bool slave) = ("/", false, false);
        foreach (MountInfoLine line in MountInfo.Lines(table))
        {
            string point = Encoding.UTF8.GetString(line.MountPoint());
            bool above = point == "/" || path == point || path.StartsWith(point + "/", StringComparison.Ordinal);
            if (above && point.Length >= place.Length)
            {
                (place, shared, slave) = (
                    point,
                    line.OptionalFields.IndexOf("shared:"u8) >= 0,
                    line.OptionalFields.IndexOf("master:"u8) >= 0
                );
            }
        }
        return (place, shared, slave);
    }
}
