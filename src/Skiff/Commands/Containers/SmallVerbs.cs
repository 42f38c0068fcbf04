using System.Globalization;
using Skiff.CommandLine;
using Skiff.Engine;
using Skiff.Engine.Containers;
using Skiff.Engine.Launch;
using Skiff.Linux;
using Skiff.Linux.Cgroups;

namespace Skiff.Commands.Containers;

/// <summary><c>rename</c> and <c>port</c>: verbs that only read or write the record.</summary>
internal static class SmallVerbs
{
    public static Command DefineRename() =>
        new()
        {
            Name = "rename",
            Summary = "Rename a container",
            Usage = "CONTAINER NEW_NAME",
            MinArguments = 2,
            MaxArguments = 2,
            Completes = [Completion.Container, Completion.None],
            Run = Rename,
        };

    public static Command DefinePort() =>
        new()
        {
            Name = "port",
            Summary = "Show the published ports of a container",
            Usage = "CONTAINER [PRIVATE_PORT[/PROTO]]",
            MinArguments = 1,
            MaxArguments = 2,
            Completes = [Completion.RunningContainer, Completion.None],
            Run = Port,
        };

    private static int Rename(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        ContainerRecord record = engine.Containers.Find(invocation.Arguments[0]);
        string name = invocation.Arguments[1].TrimStart('/');
        if (name == record.Name)
        {
            throw new SkiffException($"the container is called {name} already");
        }
        using FileLock? gate = engine.Containers.Lock(record.Id);
        ContainerRecord renamed = engine.Containers.Rename(engine.Containers.Find(record.Id), name);
        NetworkConnection.Rename(engine, renamed);
        engine.Events.Container(renamed, "rename", ("oldName", "/" + record.Name));
        return 0;
    }

    private static int Port(Invocation invocation)
    {
        SkiffEngine engine = ContainerAccess.Open(invocation);
        (ContainerRecord record, ContainerState state) = ContainerAccess.Find(engine, invocation.Arguments[0]);
        string? asked = invocation.Arguments.Count > 1 ? invocation.Arguments[1] : null;
        asked = asked is not null && !asked.Contains('/') ? asked + "/tcp" : asked;
        bool found = false;
        foreach (PublishedPort port in state.Ports)
        {
            string inner = string.Create(CultureInfo.InvariantCulture, $"{port.ContainerPort}/{port.Protocol}");
            string ip = port.HostIp.Contains(':') ? $"[{port.HostIp}]" : port.HostIp;
            if (asked is null || asked == inner)
            {
                found = true;
                invocation.Output.Line(asked is null ? $"{inner} -> {ip}:{port.HostPort}" : $"{ip}:{port.HostPort}");
            }
        }
        return found || asked is null ? 0 : throw new SkiffException($"the container {record.Name} publishes no port {asked}");
    }
}
