using System.Collections.Concurrent;
using Skiff.Images;
using Skiff.Images.Registry;
using Skiff.Linux;
using Xunit;

namespace Skiff.Tests.Registry;

/// <summary>A registry, an empty store, a recorder of events and waits that take no time.</summary>
internal sealed class PullFixture : IPullProgress, IDisposable
{
    internal FakeRegistry Registry { get; } = new();

    internal MemoryStore Store { get; } = new();

    internal ConcurrentQueue<PullEvent> Events { get; } = new();

    internal ConcurrentQueue<TimeSpan> Waits { get; } = new();

    internal Credential? Credential { get; set; }

    /// <summary>Another answer than <see cref="Credential"/>.</summary>
    internal Func<string, Credential?>? FindCredential { get; set; }

    internal RegistrySettings Settings { get; set; } = RegistrySettings.Default;

    internal RetryPolicy Retry { get; set; } = RetryPolicy.Default with { Attempts = 4 };

    internal PullOptions Options =>
        new()
        {
            Platform = null,
            Parallel = 2,
            Registry = new RegistryOptions
            {
                FindCredential = FindCredential ?? (_ => Credential),
                Settings = _ => Settings,
                Retry = Retry,
                Wait = (time, _) => Waits.Enqueue(time),
            },
        };

    public void Report(PullEvent happened) => Events.Enqueue(happened);

    internal PullResult Pull(Reference? reference = null, Platform? platform = null) =>
        new Puller(Store).Pull(reference ?? Registry.Reference(), Options with { Platform = platform }, this, CancellationToken.None);

    /// <summary>The sentence with which a pull fails; nothing may be visible then.</summary>
    internal string Fails(Reference? reference = null, Platform? platform = null)
    {
        SkiffException e = Assert.Throws<SkiffException>(() => Pull(reference, platform));
        Assert.Empty(Store.Names);
        return e.Message;
    }

    public void Dispose() => Registry.Dispose();
}
