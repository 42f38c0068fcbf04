using Skiff.Engine.Spec;

namespace Skiff.Engine.Monitoring;

/// <summary>docker's rules for starting a container again: the policy, and a pause that doubles from 100 ms to one minute and is forgotten after ten seconds of life.</summary>
public sealed class RestartDecision
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_healthy = TimeSpan.FromSeconds(10);
    private TimeSpan _pause;

    /// <summary>How often it was started again.</summary>
    public int Count { get; private set; }

    /// <summary>How long to wait before the next start; null to stay down.</summary>
    /// <param name="policy">As it is now: <c>update</c> may have changed it.</param>
    /// <param name="exitCode">How it ended.</param>
    /// <param name="lived">How long it ran.</param>
    /// <param name="stoppedByUser">After stop or kill.</param>
    public TimeSpan? Next(RestartPolicy policy, int exitCode, TimeSpan lived, bool stoppedByUser)
    {
        if (lived >= s_healthy)
        {
            _pause = TimeSpan.Zero;
        }
        bool again =
            !stoppedByUser
            && policy.Mode switch
            {
                RestartMode.Always or RestartMode.UnlessStopped => true,
                RestartMode.OnFailure => exitCode != 0 && (policy.MaximumRetries == 0 || Count < policy.MaximumRetries),
                _ => false,
            };
        if (!again)
        {
            return null;
        }
        Count++;
        _pause =
            _pause == TimeSpan.Zero ? s_first
            : _pause * 2 > s_longest ? s_longest
            : _pause * 2;
        return _pause;
    }

    /// <summary>Goes on counting where another monitor has ended.</summary>
    public void GoOn(int count) => Count = count;

    /// <summary>Counts a start that no policy asked for: no pause, as the container did not fail by itself.</summary>
    public TimeSpan AtOnce()
    {
        Count++;
        return TimeSpan.Zero;
    }
}
