namespace Skiff.Engine.Events;

/// <summary>docker's types of events that an engine without a daemon and a swarm has.</summary>
public static class EventType
{
    public const string Container = "container";
    public const string Image = "image";
    public const string Network = "network";
    public const string Volume = "volume";

    /// <summary>podman's word; docker has it with a swarm only.</summary>
    public const string Secret = "secret";
}
