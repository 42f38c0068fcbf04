namespace Skiff.Images;

/// <summary>What happens during a pull; enough for bars with totals, plain lines and JSON.</summary>
public abstract record PullEvent;

/// <summary>The image is known: what will be fetched. Comes first, once.</summary>
/// <param name="Reference">What was asked for.</param>
/// <param name="Top">The digest that the name stands for: of an index or of a manifest.</param>
/// <param name="Manifest">The digest of the chosen manifest.</param>
/// <param name="Platform">The platform of the image.</param>
/// <param name="Layers">The distinct layers, bottom first, with sizes in bytes.</param>
public sealed record PullResolved(Reference Reference, Digest Top, Digest Manifest, Platform Platform, IReadOnlyList<Descriptor> Layers)
    : PullEvent;

/// <summary>The layer is in the store already.</summary>
/// <param name="Layer">The layer.</param>
public sealed record PullLayerExists(Descriptor Layer) : PullEvent;

/// <summary>More of a layer has arrived. Comes from several threads, at most once per 256 KiB and layer.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Bytes">Bytes of the blob that are here, those of an earlier pull included.</param>
public sealed record PullDownloaded(Descriptor Layer, long Bytes) : PullEvent;

/// <summary>More of a layer has been unpacked.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="Bytes">Bytes of the plain tar so far.</param>
public sealed record PullUnpacked(Descriptor Layer, long Bytes) : PullEvent;

/// <summary>The layer is fetched, verified and unpacked.</summary>
/// <param name="Layer">The layer.</param>
public sealed record PullLayerDone(Descriptor Layer) : PullEvent;

/// <summary>A request failed and is made again.</summary>
/// <param name="Reason">Why it failed, a sentence without secrets.</param>
/// <param name="Delay">The wait before the next attempt.</param>
/// <param name="Failures">Failures in a row so far.</param>
public sealed record PullRetrying(string Reason, TimeSpan Delay, int Failures) : PullEvent;

/// <summary>A mirror did not give what was asked for; the next source is asked, the registry itself at last.</summary>
/// <param name="Mirror">The mirror.</param>
/// <param name="Reason">Why, a sentence without secrets.</param>
public sealed record PullMirrorFailed(string Mirror, string Reason) : PullEvent;

/// <summary>Something of a layer was left out or changed.</summary>
/// <param name="Text">A sentence for each kind.</param>
public sealed record PullNote(string Text) : PullEvent;

/// <summary>The image is whole and tagged. Comes last.</summary>
/// <param name="Result">The image.</param>
public sealed record PullDone(PullResult Result) : PullEvent;

/// <summary>Is told what happens during a pull, possibly from several threads at once; must not throw.</summary>
public interface IPullProgress
{
    /// <summary>Takes one event.</summary>
    void Report(PullEvent happened);
}

/// <summary>A pulled image.</summary>
/// <param name="Reference">What was asked for.</param>
/// <param name="Top">The descriptor that the name stands for: an index or a manifest.</param>
/// <param name="Manifest">The descriptor of the image's manifest.</param>
/// <param name="Id">The digest of the config, which is the image's id.</param>
/// <param name="UpToDate">True if nothing had to be fetched because the name stands for the same image as before.</param>
public sealed record PullResult(Reference Reference, Descriptor Top, Descriptor Manifest, Digest Id, bool UpToDate);
