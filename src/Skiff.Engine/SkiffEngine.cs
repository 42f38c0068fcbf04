using Skiff.Engine.Containers;
using Skiff.Engine.Events;
using Skiff.Engine.Launch;
using Skiff.Engine.Network;
using Skiff.Engine.Rootless;
using Skiff.Engine.Secrets;
using Skiff.Engine.Volumes;
using Skiff.Images.Store;

namespace Skiff.Engine;

/// <summary>The parts of an engine on one pair of directories; opening it costs nothing until a part is used.</summary>
public sealed class SkiffEngine
{
    private ImageStore? _images;
    private ContainerStore? _containers;
    private Reconciler? _reconciler;
    private EventLog? _events;
    private VolumeStore? _volumes;
    private SecretStore? _secrets;
    private NetworkStore? _networks;

    private SkiffEngine(EnginePaths paths, string bridge)
    {
        Paths = paths;
        Bridge = bridge;
    }

    /// <summary>Where everything is.</summary>
    public EnginePaths Paths { get; }

    /// <summary>Name of the host bridge of the default network.</summary>
    public string Bridge { get; }

    /// <summary>Images and layers.</summary>
    public ImageStore Images => _images ??= ImageStore.Open(Paths.Root);

    /// <summary>Containers.</summary>
    public ContainerStore Containers => _containers ??= new ContainerStore(Paths);

    /// <summary>Volumes.</summary>
    public VolumeStore Volumes => _volumes ??= new VolumeStore(Paths, Events);

    /// <summary>Secrets.</summary>
    public SecretStore Secrets => _secrets ??= new SecretStore(Paths, Events);

    /// <summary>The networks that users have made.</summary>
    public NetworkStore Networks => _networks ??= new NetworkStore(Paths, Events);

    /// <summary>Compares records with what is, and cleans up after commands and monitors that died.</summary>
    public Reconciler Reconciler => _reconciler ??= new Reconciler(Containers, new ContainerCleanup(this), events: Events);

    /// <summary>The journal of what happened.</summary>
    public EventLog Events => _events ??= new EventLog(Paths.Events);

    /// <summary>Opens an engine.</summary>
    /// <param name="root"><c>--root</c>, or null for /var/lib/skiff, an ordinary user's <c>~/.local/share/skiff</c>.</param>
    /// <param name="runroot"><c>--runroot</c>, or null for /run/skiff, an ordinary user's <c>$XDG_RUNTIME_DIR/skiff</c>.</param>
    /// <param name="bridge">Name of the host bridge, or null for <c>SKIFF_BRIDGE</c> of the environment, else skiff0.</param>
    public static SkiffEngine Open(string? root, string? runroot, string? bridge = null)
    {
        RootlessUser? user = RootlessUser.Current;
        return new(
            new EnginePaths(
                Path.GetFullPath(root ?? (user is null ? "/var/lib/skiff" : RootlessUser.DataRoot())),
                Path.GetFullPath(runroot ?? user?.Runroot ?? "/run/skiff")
            ),
            bridge ?? Environment.GetEnvironmentVariable("SKIFF_BRIDGE") ?? "skiff0"
        );
    }
}
