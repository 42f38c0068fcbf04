namespace Skiff.SystemTests.Fixture;

/// <summary>An image of the tests: built at first use, once per run.</summary>
internal sealed class TestImage(string repository, string tag, Func<BuiltImage> build)
{
    private readonly Lazy<BuiltImage> _built = new(build);
    private readonly Lock _lock = new();
    private bool _shelved;

    /// <summary>Its name as a client of a class's registry writes it.</summary>
    public string Reference => $"127.0.0.1:5000/{repository}:{tag}";

    public string Repository => repository;

    public string Tag => tag;

    public BuiltImage Built => _built.Value;

    /// <summary>Pushes it to the shared shelf, if that has not been done.</summary>
    public void PutOnShelf()
    {
        lock (_lock)
        {
            if (_shelved)
            {
                return;
            }
            using var net = new Netns();
            using var registry = new RealRegistry(net, TestImages.Shelf);
            registry.Client.Push(Built, repository, tag);
            _shelved = true;
        }
    }
}
