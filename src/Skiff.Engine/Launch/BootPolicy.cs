using Skiff.Engine.Containers;
using Skiff.Engine.Spec;
using ContainerRecord = Skiff.Engine.Containers.ContainerRecord;

namespace Skiff.Engine.Launch;

/// <summary>Which containers start after a reboot: what docker's daemon decides when it starts.</summary>
public static class BootPolicy
{
    /// <summary>True for a policy that a reboot has to do with.</summary>
    public static bool Concerns(RestartPolicy policy) => policy.Mode is RestartMode.Always or RestartMode.UnlessStopped;

    /// <summary>
    /// <c>always</c> starts what was stopped by hand too, <c>unless-stopped</c> does not, <c>on-failure</c> starts what the reboot (or a failure) has ended.
    /// What never ran is not started.
    /// </summary>
    public static bool Starts(ContainerRecord record, ContainerState state) =>
        state.StartedAt is not null
        && !state.IsUp
        && state.Status is ContainerStatus.Exited or ContainerStatus.Dead
        && record.RestartPolicy.Mode switch
        {
            RestartMode.Always => true,
            RestartMode.UnlessStopped => !state.StoppedByUser,
            RestartMode.OnFailure => !state.StoppedByUser
                && state.ExitCode != 0
                && (record.RestartPolicy.MaximumRetries == 0 || state.RestartCount < record.RestartPolicy.MaximumRetries),
            _ => false,
        };

    /// <summary>Containers that share another one's network or volumes start after those that share nothing.</summary>
    public static bool NeedsOthers(ContainerRecord record, RunOptions options) =>
        record.NetworkMode.StartsWith("container:", StringComparison.Ordinal)
        || options.Ipc.Kind == NamespaceKind.Container
        || options.Pid.Kind == NamespaceKind.Container
        || !options.VolumesFrom.IsEmpty
        || !options.Links.IsEmpty;
}
