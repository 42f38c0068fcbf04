using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Skiff.Linux.Spawning;

/// <summary>The program's own code in this process's memory.</summary>
public static partial class ProgramCode
{
    /// <summary>
    /// Takes it out of the memory, MADV_DONTNEED: what is run again comes back, sixteen pages at a time. For a process that begins to wait: it holds less meanwhile, and has less to take apart at its end, for which
    /// its caller waits too (a tenth of a millisecond of a short <c>run</c>).
    /// </summary>
    public static void Forget()
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled)
        {
            skiff_forget_code();
        }
    }

    [LibraryImport("native")]
    [SuppressGCTransition]
    private static partial void skiff_forget_code();
}
