namespace Skiff.Commands.Containers;

/// <summary>How a command wants to be attached to a container.</summary>
/// <param name="Input">Its standard input is the container's.</param>
/// <param name="Output">It shows standard output.</param>
/// <param name="Error">It shows standard error.</param>
/// <param name="Terminal">The container has a terminal.</param>
/// <param name="Proxy">Signals to it go to the container; else they end it and leave the container running.</param>
/// <param name="Keys">The sequence that leaves the terminal; null where input or terminal are missing.</param>
internal sealed record AttachWishes(bool Input, bool Output, bool Error, bool Terminal, bool Proxy, DetachKeys? Keys);
