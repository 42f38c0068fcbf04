namespace Skiff.Engine.Transfer;

/// <summary>How to copy.</summary>
public sealed record CopyWishes
{
    /// <summary><c>-a</c>: keep each file's owner; otherwise copies are root's in a container and the caller's on the host.</summary>
    public bool KeepOwner { get; init; }

    /// <summary><c>-L</c>: follow a link at the source path.</summary>
    public bool FollowLink { get; init; }

    /// <summary>Takes a sentence for what is left out.</summary>
    public required Action<string> Remark { get; init; }

    /// <summary>Told now and then how much has been copied, as the size of a tar of it in bytes.</summary>
    public Action<long>? Progress { get; init; }

    /// <summary>Ends it.</summary>
    public CancellationToken Cancel { get; init; }
}
