using Skiff.Engine.Monitoring;
using Skiff.Linux;

namespace Skiff.Engine.Names;

/// <summary>Takes connections of a container that asks over TCP, because an answer was too long for a datagram or by choice (RFC 7766).</summary>
internal sealed class ListenSource : MonitorSource
{
    private readonly NameServer _server;
    private readonly SafeFd _socket;

    internal ListenSource(NameServer server, SafeFd socket)
    {
        _server = server;
        _socket = socket;
        Fd = socket.Value;
    }

    internal override void OnReady(short events)
    {
        SafeFd? connection = InternetSocket.TryAccept(_socket);
        if (connection is null)
        {
            return;
        }
        if (_server.TryConnect())
        {
            Loop!.Add(new ConnectionSource(_server, connection));
        }
        else
        {
            connection.Dispose();
        }
    }
}
