using Skiff.Engine.Containers;
using Skiff.Engine.Monitoring;
using Skiff.Engine.Network;
using Skiff.Engine.Spec;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>A monitor's server of names, which may come with the container, with its adoption after another monitor was killed, or with its first network that has names.</summary>
internal sealed class NameService(SkiffEngine engine, string container, RunOptions options, MonitorLoop loop) : IDisposable
{
    private NameServer? _server;

    /// <summary>Serves at sockets that are there.</summary>
    internal void Serve(NameSockets sockets, int pid)
    {
        _server = new NameServer(engine, container, options, sockets, pid);
        _server.AddTo(loop);
    }

    /// <summary>Makes the sockets of a container that runs, if it is in a network with names and nobody serves it.</summary>
    internal void Reopen()
    {
        ContainerState state = engine.Containers.LoadState(container);
        if (_server is not null || !state.IsUp)
        {
            return;
        }
        foreach (NetworkEndpoint endpoint in state.Endpoints)
        {
            if (endpoint.Network == NetworkDefinition.Default)
            {
                continue;
            }
            try
            {
                Serve(NameSockets.Open(state.Process.Pid, again: true), state.Process.Pid);
            }
            catch (LinuxException)
            {
                // It has ended meanwhile, or memory is short: the rest of it goes on.
            }
            return;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _server?.Dispose();
}
