using System.Globalization;
using Skiff.Engine.Containers;
using Skiff.Linux;

namespace Skiff.Engine.Events;

/// <summary>The three events of a command that <c>exec</c> starts; they belong together by <c>execID</c>.</summary>
internal sealed class ExecEvents(EventLog log, ContainerRecord record, IReadOnlyList<string> command)
{
    private readonly string _id = RandomBytes.Hex(32);

    internal void Created() => log.Container(record, "exec_create: " + string.Join(' ', command), ("execID", _id));

    /// <summary>The command runs.</summary>
    /// <param name="keeper">As <see cref="ExecKeeper.Here"/> writes it.</param>
    internal void Started(string keeper) => log.ExecStart(record, "exec_start: " + string.Join(' ', command), _id, keeper);

    internal void Died(int exitCode) =>
        log.Container(record, "exec_die", ("execID", _id), ("exitCode", exitCode.ToString(CultureInfo.InvariantCulture)));
}
