using Skiff.Linux;

namespace Skiff.Images.Registry;

/// <summary>Where an image may come from: the mirrors of its registry, then the registry itself. A mirror that fails once is not asked again.</summary>
internal sealed class RegistrySources : IDisposable
{
    private const int MirrorAttempts = 2;

    private readonly List<RegistryClient> _clients = [];
    private readonly List<string> _names = [];
    private readonly Action<string, string> _passedOver;
    private readonly Lock _lock = new();
    private int _first;

    /// <param name="reference">The image.</param>
    /// <param name="options">How to speak to the registry; mirrors are given up sooner.</param>
    /// <param name="passedOver">Told the name of a mirror that failed, and why.</param>
    internal RegistrySources(Reference reference, RegistryOptions options, Action<string, string> passedOver)
    {
        _passedOver = passedOver;
        foreach (Mirror mirror in options.Settings(reference.Domain).Mirrors)
        {
            RegistryOptions own = options with { PlainHttp = mirror.PlainHttp, Retry = options.Retry with { Attempts = MirrorAttempts } };
            _clients.Add(new RegistryClient(mirror.Of(reference), own));
            _names.Add(mirror.ToString());
        }
        _clients.Add(new RegistryClient(reference, options));
    }

    internal Digest? HeadManifest(string target, CancellationToken cancellation) => Ask(c => c.HeadManifest(target, cancellation));

    internal FetchedManifest GetManifest(string target, CancellationToken cancellation) => Ask(c => c.GetManifest(target, cancellation));

    internal byte[] GetBlob(Descriptor descriptor, int limit, CancellationToken cancellation) =>
        Ask(c => c.GetBlob(descriptor, limit, cancellation));

    internal Stream OpenBlob(Descriptor descriptor, long offset, CancellationToken cancellation) =>
        _first == _clients.Count - 1
            ? _clients[^1].OpenBlob(descriptor, offset, cancellation)
            : new SourcesStream(this, offset, (client, position) => client.OpenBlob(descriptor, position, cancellation));

    /// <summary>The source to ask now.</summary>
    internal RegistryClient Current(out int index)
    {
        lock (_lock)
        {
            index = _first;
            return _clients[index];
        }
    }

    /// <summary>Goes on to the next source after a failure; false if there is none.</summary>
    internal bool PassOver(int index, SkiffException failure)
    {
        lock (_lock)
        {
            if (index == _clients.Count - 1)
            {
                return false;
            }
            if (_first > index)
            {
                return true;
            }
            _first = index + 1;
        }
        _passedOver(_names[index], failure.Message);
        return true;
    }

    public void Dispose()
    {
        foreach (RegistryClient client in _clients)
        {
            client.Dispose();
        }
    }

    /// <summary>Asks the sources in turn until one gives what is asked for.</summary>
    internal T Ask<T>(Func<RegistryClient, T> question)
    {
        while (true)
        {
            RegistryClient client = Current(out int index);
            try
            {
                return question(client);
            }
            catch (SkiffException e) when (PassOver(index, e))
            {
                // the next source is asked
            }
        }
    }
}
