namespace Skiff.Engine.Spec;

/// <summary>When a container is started again (<c>--restart</c>).</summary>
public enum RestartMode
{
    /// <summary>Never.</summary>
    No,

    /// <summary>Whenever it ends, and after a reboot.</summary>
    Always,

    /// <summary>After an exit code other than 0.</summary>
    OnFailure,

    /// <summary>As always, but a container stopped by hand stays stopped over a reboot.</summary>
    UnlessStopped,
}
