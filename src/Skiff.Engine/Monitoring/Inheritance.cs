using System.Globalization;
using Skiff.Linux;

namespace Skiff.Engine.Monitoring;

/// <summary>What a monitor inherits of a container that the command launches whose first process is the monitor's child: descriptors, by number.</summary>
/// <param name="Output">The container's standard output; 0, which is never one of these, with a terminal.</param>
/// <param name="Error">Its standard error; 0 with a terminal.</param>
/// <param name="Input">Where its input is written; 0 without one.</param>
/// <param name="Console">The socket over which it sends its terminal's master; 0 without one.</param>
public readonly record struct Inheritance(int Output, int Error, int Input, int Console)
{
    /// <summary>As an argument.</summary>
    internal string ToText() => string.Create(CultureInfo.InvariantCulture, $"{Output}:{Error}:{Input}:{Console}");

    /// <summary>Reads what <see cref="ToText"/> has written.</summary>
    public static Inheritance Parse(string text)
    {
        string[] parts = text.Split(':');
        int Number(int index) => int.Parse(parts[index], CultureInfo.InvariantCulture);
        return new Inheritance(Number(0), Number(1), Number(2), Number(3));
    }

    /// <summary>The descriptors that there are.</summary>
    public IEnumerable<int> Descriptors()
    {
        foreach (int descriptor in (int[])[Output, Error, Input, Console])
        {
            if (descriptor > 0)
            {
                yield return descriptor;
            }
        }
    }

    /// <summary>They are for this process alone: no other program that it starts gets them.</summary>
    public void Keep()
    {
        const int F_SETFD = 2;
        const int FD_CLOEXEC = 1;
        foreach (int descriptor in Descriptors())
        {
            RawCall.Invoke(SyscallNumber.fcntl, descriptor, F_SETFD, FD_CLOEXEC);
        }
    }

    /// <summary>Closes them: the container is not launched by the command after all.</summary>
    public void Refuse()
    {
        foreach (int descriptor in Descriptors())
        {
            new SafeFd(descriptor).Dispose();
        }
    }
}
